import { parseCommandLine } from "./lib/cli/parse.ts";
import type { Request } from "./lib/cli/request.ts";
import { doctor } from "./lib/commands/doctor.ts";
import { errorText, IpftError } from "./lib/base/errors.ts";
import { printableLines } from "./lib/base/printable.ts";
import { listFunctions } from "./lib/commands/list.ts";
import { OutputClosed, printText } from "./lib/output/stdout.ts";
import { trace } from "./lib/commands/trace.ts";

/** Prints a message: on stderr, as only results go to stdout. */
const tell = (message: string) => console.error(printableLines(message));

/** Does what was asked for. Resolves with false for a failure that was already reported. */
async function run(request: Request): Promise<boolean | void> {
  switch (request.kind) {
    case "trace":
      return await trace(request.options, tell);
    case "list":
      return await listFunctions(request.functions, tell);
    case "lua":
      return await (await import("./lib/commands/lua.ts")).tryScript(request.trial, tell);
    case "doctor":
      return await doctor(request.verbose, tell);
    case "generate":
      return printText((await import("./lib/generate/generate.ts")).generated(request.template));
    case "version":
      return printText((await import("./lib/commands/version.ts")).versionText());
    case "print":
      return printText(request.text);
  }
}

try {
  Deno.exit(await run(parseCommandLine(Deno.args)) ?? true ? 0 : 1);
} catch (error) {
  if (error instanceof OutputClosed) Deno.exit(0); // the reader has seen enough
  if (!(error instanceof IpftError)) throw error;
  tell(errorText(error));
  Deno.exit(error.exitCode);
}
