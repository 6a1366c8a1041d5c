/**
 * Tells whether a signal has come while JavaScript is busy: Deno calls its listeners only between two turns
 * of its event loop.
 */
import { memoryAt } from "./memory.ts";

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  mprotect: { parameters: ["pointer", "usize", "i32"], result: "i32" },
  sigaction: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
});

/** SIGHUP, SIGINT and SIGTERM: those that end a trace. */
const SIGNALS = [1, 2, 15];

/** struct sigaction of glibc on x86-64; the handler comes first. */
const SIGACTION_BYTES = 152, SIG_IGN = 1n;

/** The handlers are in a first page, the byte that they set at the beginning of a second one. */
const PAGE_BYTES = 4096, HANDLER_BYTES = 32;

let flag: Uint8Array | undefined;

/**
 * Returns whether one of the signals that end ipft has come since the first call of this function. Only
 * signals count that Deno has a listener for by then. What Deno does with them stays as it is.
 */
export function isSignalled(): boolean {
  flag ??= watchSignals();
  return flag[0] !== 0;
}

/** Puts handlers before Deno's, which set a byte and go on with Deno's. Returns the byte. */
function watchSignals(): Uint8Array {
  const page = mapPages();
  if (page === undefined) return new Uint8Array(1); // signals have to wait until calls end
  const start = Deno.UnsafePointer.value(page);
  const pages = memoryAt(page, 2 * PAGE_BYTES);
  const code = new Uint8Array(pages), view = new DataView(pages);
  const changed: { signal: number; action: Uint8Array<ArrayBuffer> }[] = [];
  for (const signal of SIGNALS) {
    const action = new Uint8Array(SIGACTION_BYTES), struct = new DataView(action.buffer);
    libc.sigaction(signal, null, action);
    const handler = struct.getBigUint64(0, true);
    if (handler <= SIG_IGN) continue;
    const at = changed.length * HANDLER_BYTES;
    // mov rax, &flag; mov byte [rax], 1; mov rax, handler; jmp rax. The arguments stay in their registers.
    code.set([0x48, 0xb8], at);
    view.setBigUint64(at + 2, start + BigInt(PAGE_BYTES), true);
    code.set([0xc6, 0x00, 0x01, 0x48, 0xb8], at + 10);
    view.setBigUint64(at + 15, handler, true);
    code.set([0xff, 0xe0], at + 23);
    struct.setBigUint64(0, start + BigInt(at), true);
    changed.push({ signal, action });
  }
  const PROT_READ = 1, PROT_EXEC = 4;
  if (libc.mprotect(page, BigInt(PAGE_BYTES), PROT_READ | PROT_EXEC) === 0) {
    for (const { signal, action } of changed) libc.sigaction(signal, action, null);
  }
  return code.subarray(PAGE_BYTES);
}

function mapPages(): Deno.PointerObject | undefined {
  const PROT_READ = 1,
    PROT_WRITE = 2,
    MAP_PRIVATE = 2,
    MAP_ANONYMOUS = 32,
    MAP_FAILED = 2n ** 64n - 1n;
  const size = BigInt(2 * PAGE_BYTES);
  const page = libc.mmap(null, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0n);
  return page === null || Deno.UnsafePointer.value(page) === MAP_FAILED ? undefined : page;
}
