/** The command's output so far. */
export class Output {
  readonly #onOutput: (bytes: Uint8Array) => void;
  readonly #chunks: Uint8Array<ArrayBuffer>[] = [];
  readonly #complete = Promise.withResolvers<void>();
  #length = 0;
  #expectedLength = Infinity;

  /** @param onOutput called with each piece of output as it arrives */
  constructor(onOutput: (bytes: Uint8Array) => void = () => {}) {
    this.#onOutput = onOutput;
  }

  /** Reads `stream` to its end. */
  async pump(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const chunk of stream) {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#onOutput(chunk);
      this.#check();
    }
  }

  /** Waits until `length` bytes have arrived. */
  reached(length: number): Promise<void> {
    this.#expectedLength = length;
    this.#check();
    return this.#complete.promise;
  }

  #check() {
    if (this.#length >= this.#expectedLength) this.#complete.resolve();
  }

  /** Returns the output so far. */
  async text(): Promise<string> {
    return await new Blob(this.#chunks).text();
  }
}

/** What guest.sh reports when the command has ended. */
export interface Report {
  exitCode: number;
  /** How many bytes the command wrote. */
  outputLength: number;
}

/** qemu's stderr: its own messages and the guest's reports. */
export class Messages {
  readonly #report = Promise.withResolvers<Report>();
  #text = "";

  /** Resolves when the guest reports; never, if it does not. */
  get report(): Promise<Report> {
    return this.#report.promise;
  }

  /** Whether the guest has booted and begun to run the command. */
  get hasBegun(): boolean {
    return /^ipft-vm: begin$/m.test(this.#text);
  }

  /** Everything that has arrived so far. */
  get text(): string {
    return this.#text;
  }

  /** Reads `stream` to its end. */
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
