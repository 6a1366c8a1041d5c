import { join } from "node:path";
import { environment, restoreEnvironment } from "../base/environment.ts";
import { checkInterrupted, fileErrnoText, fileProblem, IpftError } from "../base/errors.ts";
import { checkAccess, fileStatus } from "../ffi/path.ts";
import { sendSignal } from "../ffi/process_group.ts";
import IPFT_H from "./templates/ipft.h" with { type: "text" };

/** A compiled object, with the compiler's warnings: lines, or nothing. */
export interface Compiled {
  readonly elf: Uint8Array<ArrayBuffer>;
  readonly warnings: string;
}

/** Where Debian and its derivatives keep <asm/types.h>, which <linux/types.h> includes. */
const ARCHITECTURE_HEADERS = `/usr/include/${Deno.build.arch}-linux-gnu`;

const PACKAGES = "apt install clang libbpf-dev";

/**
 * Compiles a C file for BPF, with `$CC` (clang) and `$CFLAGS`. Both are split at blanks; no shell sees
 * them. `#include <ipft.h>` finds ipft's own header, unless the user's include path has another.
 *
 * @param signal ends the compiler
 * @throws IpftError when the file or the compiler is missing, when there is no place for that header, when
 *   the compiler fails, which has its messages as log, or at the signal
 */
export async function compileExtension(path: string, signal?: AbortSignal): Promise<Compiled> {
  checkReadable(path);
  checkInterrupted(signal);
  const folder = await stored(path, Deno.makeTempDir({ prefix: "ipft-compile-" }));
  try {
    await stored(path, Deno.writeTextFile(join(folder, "ipft.h"), IPFT_H));
    return await run(path, folder, signal);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Awaits something that is stored in the folder for temporary files. */
async function stored<T>(path: string, storing: Promise<T>): Promise<T> {
  try {
    return await storing;
  } catch (error) {
    throw new IpftError(
      `cannot compile ${path}: cannot store ipft.h as a temporary file: ${fileProblem(error)}`,
      "set TMPDIR to a folder that you can write to",
    );
  }
}

/** @param folder has ipft.h, and whatever the compiler stores for itself */
async function run(
  path: string,
  folder: string,
  interrupt: AbortSignal | undefined,
): Promise<Compiled> {
  const [compiler = "clang", ...options] = words("CC");
  const args = [
    ...options,
    ...["-target", "bpf", "-O2", "-g", "-D__TARGET_ARCH_x86"],
    ...words("CFLAGS"),
    // Searched after all others, so that the user's own headers win.
    ...["-idirafter", folder, "-idirafter", ARCHITECTURE_HEADERS],
    ...["-c", "-o", "-"],
    path.startsWith("-") ? `./${path}` : path,
  ];
  const { success, code, signal, stdout, stderr } = await output(
    compiler,
    args,
    { path, folder, interrupt },
  );
  const messages = new TextDecoder().decode(stderr).trimEnd();
  if (success && stdout.length > 0) return { elf: stdout, warnings: messages };
  const why = success
    ? `${compiler} wrote no object to its standard output`
    : signal !== null
    ? `${compiler} was killed by ${signal}`
    : messages === ""
    ? `${compiler} failed without a message (exit status ${code})`
    : `${compiler} failed, as its messages above explain (exit status ${code})`;
  throw new IpftError(
    `cannot compile ${path}: ${why}`,
    remedyFor(messages),
    1,
    messages === "" ? [] : messages.split("\n"),
  );
}

/** Lets the compiler store its temporary files in the folder `$0`. */
const STORE = "TMPDIR=$0; export TMPDIR";

/** Becomes `$@`, or ends with one of these statuses and without a message. */
const RUN = `case $1 in
*/*) [ -e "$1" ] || exit 127; [ -f "$1" ] && [ -x "$1" ] || exit 126 ;;
*) command -v "$1" >/dev/null || exit 127 ;;
esac
exec "$@"`;
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

async function output(
  compiler: string,
  args: readonly string[],
  { path, folder, interrupt }: { path: string; folder: string; interrupt?: AbortSignal },
): Promise<Deno.CommandOutput> {
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", `${restoreEnvironment()}\n${STORE}\n${RUN}`, folder, compiler, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true, // a process group of its own, so that all its processes can be ended together
  }).spawn();
  const output = await outputUnless(interrupt, child);
  const isSilent = output.stderr.length === 0;
  if (isSilent && (output.code === NOT_FOUND || output.code === NOT_EXECUTABLE)) {
    const isMissing = output.code === NOT_FOUND;
    throw new IpftError(
      `cannot compile ${path}: ${
        isMissing ? `cannot find ${compiler}` : `${compiler}: permission denied`
      }`,
      `install it (${PACKAGES}), set CC to your clang, or compile elsewhere and pass the .o to -e`,
    );
  }
  return output;
}

/**
 * Returns what a process writes until its end. At the signal its process group is killed.
 * @throws IpftError at the signal
 */
async function outputUnless(
  interrupt: AbortSignal | undefined,
  child: Deno.ChildProcess,
): Promise<Deno.CommandOutput> {
  const ended = new AbortController();
  const interrupted = new Promise<void>((resolve) => {
    const kill = () => {
      sendSignal(-child.pid, "SIGKILL");
      resolve();
    };
    if (interrupt?.aborted) kill();
    interrupt?.addEventListener("abort", kill, { signal: ended.signal });
  });
  const output = child.output();
  try {
    await Promise.race([output, interrupted]);
    checkInterrupted(interrupt);
    return await output;
  } finally {
    ended.abort();
    await child.status;
  }
}

/** Splits an environment variable into words. */
function words(name: string): string[] {
  return (environment(name) ?? "").split(/\s+/).filter(Boolean);
}

/** Names the package of a header that is missing. */
function remedyFor(messages: string): string | undefined {
  const missing = messages.match(/'((?:bpf|linux|asm|asm-generic)\/[\w./-]+)' file not found/)?.[1];
  if (missing === undefined) return undefined;
  const headerPackage = missing.startsWith("bpf/") ? "libbpf-dev" : "linux-libc-dev";
  return `install the header <${missing}>: apt install ${headerPackage}`;
}

function checkReadable(path: string): void {
  // Asked first, because opening a pipe waits for its writer.
  const status = fileStatus(path);
  if (typeof status !== "number" && status.kind !== "file") {
    throw new IpftError(`cannot read the extension ${path}: it is not a regular file`);
  }
  const result = typeof status === "number" ? status : checkAccess(path, "read");
  if (result === 0) return;
  throw new IpftError(`cannot read the extension ${path}: ${fileErrnoText(result)}`);
}
