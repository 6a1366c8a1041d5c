import { parseCommandLine } from "./lib/cli.ts";
import { doctor } from "./lib/doctor.ts";
import { errorText, IpftError } from "./lib/errors.ts";
import { listFunctions } from "./lib/list.ts";
import { OutputClosed, printText } from "./lib/output/stdout.ts";
import { trace } from "./lib/session.ts";

/** Everything but results goes to stderr. */
const tell = (message: string) => console.error(message);
async function main(args: readonly string[]): Promise<boolean> {
  const command = parseCommandLine(args);
  switch (command.kind) {
    case "trace":
      await trace(command.options, tell);
      return true;
    case "list":
      await listFunctions(command.filter, tell);
      return true;
    case "lua":
      return await (await import("./lib/try_script.ts")).tryScript(command.trial, tell);
    case "doctor":
      return await doctor(command.verbose, tell);
    case "generate":
      await printText((await import("./lib/module/templates.ts")).TEMPLATES[command.template]);
      return true;
    case "version":
      await printText((await import("./lib/version.ts")).versionText());
      return true;
    case "print":
      await printText(command.text);
      return true;
  }
}

try {
  Deno.exit(await main(Deno.args) ? 0 : 1);
} catch (error) {
  if (error instanceof OutputClosed) Deno.exit(0); // whoever reads has seen enough
  if (!(error instanceof IpftError)) throw error;
  tell(errorText(error));
  Deno.exit(error.exitCode);
}
