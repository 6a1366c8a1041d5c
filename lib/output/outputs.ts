import { type Destination, openDestination } from "./destination.ts";
import type { OutputFormat } from "./format.ts";
import { formatNamed } from "./formats.ts";
import type { HeldMemory } from "./held_memory.ts";
import type { SinkContext } from "./sink.ts";
import { Tee } from "./tee.ts";
import { COLOURED, PLAIN } from "./text/style.ts";

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
   * Opens the files.
   * @throws IpftError when one of them cannot be written
   */
  static async open(requests: readonly OutputRequest[]): Promise<Outputs> {
    const outputs: { format: OutputFormat; destination: Destination }[] = [];
    try {
      for (const { format, path } of requests) {
        outputs.push({ format: formatNamed(format), destination: await openDestination(path) });
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
      format.isForPeople || destination.fd === undefined
    );
  }

  /**
   * Opens a sink for each output, which get the same events.
   * @param memory what those that write at the end share
   */
  openSinks(context: Pick<SinkContext, "header" | "openFields">, memory: HeldMemory): Tee {
    const holding = this.#outputs.filter(({ format }) => !format.isLive).length;
    return new Tee(
      this.#outputs.map(({ format, destination: { write, isTerminal } }) => {
        const style = isTerminal && !isColourless() ? COLOURED : PLAIN;
        const bound = format.isLive ? undefined : memory.boundOf(holding);
        return format.open({ ...context, write, style, bound });
      }),
    );
  }

  [Symbol.dispose](): void {
    this.#outputs.forEach(({ destination }) => destination[Symbol.dispose]());
  }
}

/** https://no-color.org, and terminals that know no escapes. */
function isColourless(): boolean {
  return Deno.noColor || Deno.env.get("TERM") === "dumb";
}
