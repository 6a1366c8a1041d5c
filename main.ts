import { parseCommandLine } from "./lib/cli.ts";
import { doctor } from "./lib/doctor.ts";
import { errorText, IpftError } from "./lib/errors.ts";
import { listFunctions } from "./lib/list.ts";
import { trace } from "./lib/session.ts";

/** Everything but results goes to stderr. */
const tell = (message: string) => console.error(message);

async function main(args: readonly string[]): Promise<number> {
  try {
    const command = parseCommandLine(args);
    switch (command.kind) {
      case "trace":
        await trace(command.options, tell);
        return 0;
      case "list":
        await listFunctions(command.filter, tell);
        return 0;
      case "lua": {
        const { tryScript } = await import("./lib/try_script.ts");
        return await tryScript(command.trial, tell) ? 0 : 1;
      }
      case "doctor":
        return await doctor(command.verbose, tell) ? 0 : 1;
      case "print":
        await Deno.stdout.write(new TextEncoder().encode(command.text));
        return 0;
    }
  } catch (error) {
    if (!(error instanceof IpftError)) throw error;
    tell(errorText(error));
    return error.exitCode;
  }
}

Deno.exit(await main(Deno.args));
