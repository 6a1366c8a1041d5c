import { join } from "node:path";
import { fileProblem, IpftError } from "../base/errors.ts";
import IPFT_H from "./templates/ipft.h" with { type: "text" };

/** An object, and what the compiler had to say all the same: lines, or nothing. */
export interface Compiled {
  readonly elf: Uint8Array<ArrayBuffer>;
  readonly warnings: string;
}

/** Where Debian and its like have <asm/types.h>, which <linux/types.h> includes. */
const ARCHITECTURE_HEADERS = `/usr/include/${Deno.build.arch}-linux-gnu`;

const PACKAGES = "apt install clang libbpf-dev";

/**
 * Compiles a C file for BPF, with `$CC` (clang) and `$CFLAGS`, both split at blanks: no shell sees them.
 * `#include <ipft.h>` finds ipft's own header, unless one of the user's comes first.
 *
 * @throws IpftError when there is no such file or compiler, nowhere to put that header, or with what the
 *   compiler says
 */
export async function compileExtension(path: string): Promise<Compiled> {
  checkReadable(path);
  const headers = await stored(path, Deno.makeTempDir({ prefix: "ipft-headers-" }));
  try {
    await stored(path, Deno.writeTextFile(join(headers, "ipft.h"), IPFT_H));
    return await run(path, headers);
  } finally {
    await Deno.remove(headers, { recursive: true });
  }
}

/** What comes of storing something in the folder for temporary files. */
async function stored<T>(path: string, storing: Promise<T>): Promise<T> {
  try {
    return await storing;
  } catch (error) {
    throw new IpftError(
      `cannot compile ${path}: no place for ipft.h among the temporary files: ${
        fileProblem(error)
      }`,
      "set TMPDIR to a folder that can be written to",
    );
  }
}

async function run(path: string, headers: string): Promise<Compiled> {
  const [compiler = "clang", ...options] = words("CC");
  const args = [
    ...options,
    ...["-target", "bpf", "-O2", "-g", "-D__TARGET_ARCH_x86"],
    ...words("CFLAGS"),
    // Behind all others, where the user's own headers are found first.
    ...["-idirafter", headers, "-idirafter", ARCHITECTURE_HEADERS],
    ...["-c", "-o", "-"],
    path.startsWith("-") ? `./${path}` : path,
  ];
  const { success, code, signal, stdout, stderr } = await output(compiler, args, path);
  const messages = new TextDecoder().decode(stderr).trimEnd();
  if (success && stdout.length > 0) return { elf: stdout, warnings: messages };
  const why = success
    ? `${compiler} wrote no object to its standard output`
    : signal !== null
    ? `${compiler} was ended by ${signal}`
    : messages === ""
    ? `${compiler} failed and does not say why (exit status ${code})`
    : `${compiler} says what is wrong above (exit status ${code})`;
  throw new IpftError(
    `cannot compile ${path}: ${why}`,
    remedyFor(messages),
    1,
    messages === "" ? [] : messages.split("\n"),
  );
}

async function output(
  compiler: string,
  args: readonly string[],
  path: string,
): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command(compiler, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    throw new IpftError(
      `cannot compile ${path}: ${
        isMissing ? `there is no ${compiler}` : `${compiler}: ${fileProblem(error)}`
      }`,
      `install it (${PACKAGES}), set CC to your clang, or compile elsewhere and use -e with the .o`,
    );
  }
}

/** The words of an environment variable. */
function words(name: string): string[] {
  return (Deno.env.get(name) ?? "").split(/\s+/).filter(Boolean);
}

/** What helps where headers are not installed. */
function remedyFor(messages: string): string | undefined {
  const missing = messages.match(/'((?:bpf|linux|asm|asm-generic)\/[\w./-]+)' file not found/)?.[1];
  if (missing === undefined) return undefined;
  const headerPackage = missing.startsWith("bpf/") ? "libbpf-dev" : "linux-libc-dev";
  return `install the header <${missing}>: apt install ${headerPackage}`;
}

function checkReadable(path: string): void {
  try {
    // Before it is opened: to open a pipe waits for whoever writes to it.
    if (Deno.statSync(path).isFile) return Deno.openSync(path).close();
  } catch (error) {
    throw new IpftError(`cannot read the extension ${path}: ${fileProblem(error)}`);
  }
  throw new IpftError(`cannot read the extension ${path}: it is not a file`);
}
