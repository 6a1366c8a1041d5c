import { environment } from "../base/environment.ts";
import type { EventBatch } from "../event/batch.ts";
import { checkDistinct } from "./check_distinct.ts";
import type { Destination } from "./destination.ts";
import type { OutputFormat } from "./format.ts";
import { formatNamed } from "./formats.ts";
import { openDestination } from "./open_destination.ts";
import type { Sink, SinkContext } from "./sink.ts";
import { Tee } from "./tee.ts";
import { COLOURED, COLOURLESS, PLAIN, type Style } from "./text/style.ts";

/** A format, and the file that gets it; undefined for standard output. */
export interface OutputRequest {
  /** Name of a format in `FORMATS`. */
  readonly format: string;
  readonly path?: string;
}

/** Where the results of a trace go, and in which formats. */
export class Outputs implements Disposable {
  readonly #outputs: readonly { format: OutputFormat; destination: Destination }[];

  private constructor(outputs: readonly { format: OutputFormat; destination: Destination }[]) {
    this.#outputs = outputs;
  }

  /**
   * Opens pipes and devices, and checks that regular files can be written.
   * @param inputs paths of files that the trace reads
   * @param signal ends the wait for the reader of a named pipe
   * @throws IpftError when an output cannot be written or is also read, or at the signal
   */
  static async open(
    requests: readonly OutputRequest[],
    inputs: readonly string[] = [],
    signal?: AbortSignal,
  ): Promise<Outputs> {
    checkDistinct(requests.map(({ path }) => path), inputs);
    const outputs: { format: OutputFormat; destination: Destination }[] = [];
    try {
      for (const { format, path } of requests) {
        const destination = await openDestination(path, signal);
        outputs.push({ format: formatNamed(format), destination });
      }
    } catch (error) {
      outputs.forEach(({ destination }) => destination[Symbol.dispose]());
      throw error;
    }
    return new Outputs(outputs);
  }

  /** What to watch for readers that go away. */
  get fds(): readonly number[] {
    return this.#outputs.flatMap(({ destination: { fd } }) => fd === undefined ? [] : [fd]);
  }

  /** Whether nothing appears on a terminal before the end. */
  get isQuiet(): boolean {
    return !this.#outputs.some(({ format, destination }) =>
      format.isLive && destination.isTerminal
    );
  }

  /** Whether all that goes to standard output is for people. */
  get isStdoutForPeople(): boolean {
    return this.#outputs.every(({ format, destination }) =>
      format.isForPeople || destination.fd !== 1
    );
  }

  /** Makes the files ready for results: from here on they change. @throws IpftError when that fails */
  begin(): void {
    this.#outputs.forEach(({ destination }) => destination.begin());
  }

  /** Opens a sink for each output, which get the same events. */
  openSinks(context: Pick<SinkContext, "header" | "openFields">): Tee {
    return new Tee(
      this.#outputs.map(({ format, destination }) => {
        const { write, isTerminal } = destination;
        const sink = format.open({ ...context, write, style: styleFor(isTerminal) });
        return new Finishing(sink, destination);
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#outputs.forEach(({ destination }) => destination[Symbol.dispose]());
  }
}

/** A sink whose results are in place once it is finished, whatever becomes of the others. */
class Finishing implements Sink {
  constructor(readonly sink: Sink, readonly destination: Destination) {}

  write(batch: EventBatch): Promise<void> {
    return this.sink.write(batch);
  }

  async finish(): Promise<void> {
    await this.sink.finish();
    await this.destination.finish();
  }
}

function styleFor(isTerminal: boolean): Style {
  if (!isTerminal) return PLAIN;
  return isColourless() ? COLOURLESS : COLOURED;
}

/** https://no-color.org, and terminals that know no escapes. */
function isColourless(): boolean {
  return Deno.noColor || environment("TERM") === "dumb";
}
