import { errorText, IpftError } from "./lib/base/errors.ts";
import { joinedLines } from "./lib/base/printable.ts";
import { tell } from "./lib/base/stderr.ts";
import { commandLineArguments } from "./lib/cli/arguments.ts";
import { parseCommandLine } from "./lib/cli/parse.ts";
import type { Request } from "./lib/cli/request.ts";
import { doctor } from "./lib/commands/doctor.ts";
import { listFunctions } from "./lib/commands/list.ts";
import { trace } from "./lib/commands/trace.ts";
import { fileStatus } from "./lib/ffi/path.ts";
import { OutputClosed, printText } from "./lib/output/stdout.ts";

/** Does what was asked for. Resolves with false for a failure that was already reported. */
async function run(request: Request): Promise<boolean | void> {
  switch (request.kind) {
    case "version":
      return printText((await import("./lib/commands/version.ts")).versionText());
    case "print":
      return printText(request.text);
    case "generate":
      return printText((await import("./lib/generate/generate.ts")).generated(request.template));
  }
  checkProc();
  switch (request.kind) {
    case "trace":
      return await trace(request.options, tell);
    case "list":
      return await listFunctions(request.functions, tell);
    case "lua":
      return await (await import("./lib/commands/lua.ts")).tryScript(request.trial, tell);
    case "doctor":
      return await doctor(request.verbose, tell);
  }
}

/** @throws IpftError without /proc, where Deno crashes and everything else fails one by one */
function checkProc(): void {
  if (typeof fileStatus("/proc/self/fd") !== "number") return;
  throw new IpftError("there is no /proc", "mount it: mount -t proc proc /proc");
}

/** Ends ipft with what an error says. Whatever happens, a user sees one line and no stack trace. */
function fail(error: unknown): never {
  if (error instanceof OutputClosed) Deno.exit(0); // the reader has seen enough
  if (error instanceof IpftError) {
    tell(errorText(error));
    Deno.exit(error.exitCode);
  }
  if (error instanceof SuppressedError) fail(error.suppressed); // what failed first
  const { stack, message } = error instanceof Error ? error : new Error(String(error));
  const log = isVerbose() && stack !== undefined ? stack.split("\n") : [];
  tell(
    errorText(new IpftError(`internal error: ${joinedLines(message)}`, "please report it", 1, log)),
  );
  Deno.exit(1);
}

/** Also before the command line is read: an option that takes no value may be among others (`-lv`). */
function isVerbose(): boolean {
  return Deno.args.some((arg) => arg === "--verbose" || /^-\w*v$/.test(arg));
}

// What nobody awaits: a timer, a worker.
globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  fail(event.error ?? event.message);
});
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  fail(event.reason);
});

// Caught, the signal becomes the error of a write: EFBIG, when a file reaches its limit (ulimit -f).
Deno.addSignalListener("SIGXFSZ", () => {});

try {
  Deno.exit(await run(parseCommandLine(commandLineArguments())) ?? true ? 0 : 1);
} catch (error) {
  fail(error);
}
