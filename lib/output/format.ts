import type { Sink, SinkContext } from "./sink.ts";

/** A way to show a trace. */
export interface OutputFormat {
  /** What `-o` takes. */
  readonly name: string;
  /** One line for the help. */
  readonly description: string;
  /** Endings of file names that stand for it: `.json`. */
  readonly suffixes: readonly string[];
  /** Whether it writes while tracing, or at the end. */
  readonly isLive: boolean;
  /** Whether people read it. What a script prints may then stand between its lines. */
  readonly isForPeople: boolean;
  open(context: SinkContext): Sink;
}
