/** Captures what libbpf logs, the verifier's log included, which otherwise goes to stderr. */
import { libbpf } from "./libbpf.ts";
import { vsnprintf } from "./libc.ts";

/** `enum libbpf_print_level`. */
const LIBBPF_WARN = 0, LIBBPF_INFO = 1;

/** The verifier log of a large program has many thousand lines; its end explains why it was rejected. */
const KEPT_LINES = 1000;

/** Lets libbpf log nothing; at first, its warnings go to stderr. */
export function silenceLibbpf(): void {
  libbpf().libbpf_set_print(null);
}

/**
 * Captures libbpf's log from construction to disposal, for the case that something fails. With `onLine`,
 * each line is also passed on as it comes. libbpf has one log for the whole process, so there can be one
 * capture at a time: another thread that still logs would call a function that is gone.
 */
export class LibbpfLog implements Disposable {
  static #isCapturing = false;
  readonly #callback: Deno.UnsafeCallback<
    { parameters: ["i32", "pointer", "pointer"]; result: "i32" }
  >;
  readonly #lines: string[] = [];

  constructor(onLine?: (line: string) => void) {
    if (LibbpfLog.#isCapturing) throw new Error("libbpf's log is captured already");
    LibbpfLog.#isCapturing = true;
    // typedef int (*libbpf_print_fn_t)(enum libbpf_print_level, const char *format, va_list ap): on
    // x86-64 a va_list parameter is a pointer, which vsnprintf accepts as it is.
    this.#callback = new Deno.UnsafeCallback(
      { parameters: ["i32", "pointer", "pointer"], result: "i32" },
      (level, format, args) => {
        if (level > LIBBPF_INFO) return 0;
        for (const line of vsnprintf(format, args).trimEnd().split("\n")) {
          if (level === LIBBPF_WARN && this.#lines.push(line) > KEPT_LINES) this.#lines.shift();
          onLine?.(line);
        }
        return 0;
      },
    );
    libbpf().libbpf_set_print(this.#callback.pointer);
  }

  /** The warnings since the capture began, oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  [Symbol.dispose](): void {
    silenceLibbpf();
    this.#callback.close();
    LibbpfLog.#isCapturing = false;
  }
}
