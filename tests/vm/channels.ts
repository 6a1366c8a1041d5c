/** The command's output, as far as it has come. */
export class Output {
  readonly #onOutput: (bytes: Uint8Array) => void;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  readonly #complete = Promise.withResolvers<void>();
  #length = 0;
  #expectedLength = Infinity;

  /** @param onOutput called with each piece as it comes */
  constructor(onOutput: (bytes: Uint8Array) => void = () => {}) {
    this.#onOutput = onOutput;
  }

  /** Takes everything that `stream` gives. */
  async pump(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const chunk of stream) {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#onOutput(chunk);
      this.#check();
    }
  }

  /** Waits until `length` bytes have come. */
  reached(length: number): Promise<void> {
    this.#expectedLength = length;
    this.#check();
    return this.#complete.promise;
  }

  #check() {
    if (this.#length >= this.#expectedLength) this.#complete.resolve();
  }

  async text(): Promise<string> {
    return await new Blob(this.#chunks).text();
  }
}

/** What guest.sh says when the command has ended. */
export interface Report {
  exitCode: number;
  /** How many bytes the command wrote. */
  outputLength: number;
}

/** qemu's stderr: its own messages, and among them what the guest reports. */
export class Messages {
  readonly #report = Promise.withResolvers<Report>();
  #text = "";

  /** Never resolves when the guest does not report. */
  get report(): Promise<Report> {
    return this.#report.promise;
  }

  /** Whether the guest has booted, and begun with the command. */
  get hasBegun(): boolean {
    return /^ipft-vm: begin$/m.test(this.#text);
  }

  /** All of it so far. */
  get text(): string {
    return this.#text;
  }

  /** Takes everything that `stream` gives. */
  async pump(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#text += text;
      const report = /^ipft-vm: exit (\d+), (\d+) bytes$/m.exec(this.#text);
      if (report) {
        this.#report.resolve({ exitCode: Number(report[1]), outputLength: Number(report[2]) });
      }
    }
  }
}
