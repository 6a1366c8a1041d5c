/**
 * Runs a command in a VM: `deno run -A tests/vm/run.ts [options] KERNEL -- COMMAND ARGS...`
 *
 * Exits with the command's exit status; 124 when the guest hung, 125 when its kernel crashed, 1 when
 * the VM is not set up, 2 on wrong usage.
 *
 * @module
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { IpftError } from "../../lib/base/errors.ts";
import { GuestFailure, type Kernel, KERNELS, runInVm } from "./guest.ts";

export { GuestFailure, type GuestOptions, type GuestResult, type Kernel } from "./guest.ts";
export { KERNELS, runInVm } from "./guest.ts";

const USAGE = `Usage: run.ts [options] KERNEL -- COMMAND ARGS...
Runs a command as root in a VM, in a copy of this checkout. KERNEL: ${KERNELS.join(", ")}.

  --timeout SECONDS   how long the guest may take (default: 300)
  --cpus N            processors of the guest (default: 2)
  --extras DIR        copy the contents of DIR to /mnt/extras; may be given several times
  -i, --interactive   pass stdin on to the command
  -h, --help`;

/** Parses the arguments; undefined for `--help`. @throws Error on wrong usage */
function readArguments(args: string[]) {
  const { values, positionals: [kernel, ...command] } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      timeout: { type: "string", default: "300" },
      cpus: { type: "string" },
      extras: { type: "string", multiple: true },
      interactive: { type: "boolean", short: "i" },
      help: { type: "boolean", short: "h" },
    },
  });
  const { timeout, cpus, extras, interactive, help } = values;
  if (help) return undefined;
  if (!isKernel(kernel)) {
    throw new Error(`KERNEL '${kernel ?? ""}' is not one of ${KERNELS.join(", ")}`);
  }
  if (command.length === 0) throw new Error("no COMMAND given");
  return {
    kernel,
    command,
    extras,
    timeoutMs: 1000 * positive("--timeout", timeout),
    cpus: cpus === undefined ? undefined : positive("--cpus", cpus),
    input: interactive ? Deno.stdin.readable : undefined,
  };
}

function isKernel(name: string | undefined): name is Kernel {
  return KERNELS.some((kernel) => kernel === name);
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`${option} '${text}' is not a positive number`);
  return number;
}

async function main(args: string[]): Promise<number> {
  let options: ReturnType<typeof readArguments>;
  try {
    options = readArguments(args);
  } catch (error) {
    console.error(`run.ts: ${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options === undefined) {
    console.log(USAGE);
    return 0;
  }
  try {
    const { exitCode } = await runInVm({
      ...options,
      checkout: resolve(import.meta.dirname!, "../.."),
      deno: Deno.execPath(),
      onOutput: writeToStdout,
    });
    return exitCode;
  } catch (error) {
    // The reader of our output has gone: end as SIGPIPE would.
    if (error instanceof Deno.errors.BrokenPipe) return 141;
    if (!(error instanceof GuestFailure || error instanceof IpftError)) throw error;
    console.error(`run.ts: ${error.message}`);
    return error.exitCode;
  }
}

function writeToStdout(bytes: Uint8Array): void {
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
