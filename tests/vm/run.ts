/**
 * Runs a command in a VM: `deno run -A tests/vm/run.ts [options] KERNEL -- COMMAND ARGS...`
 *
 * Exits with the command's exit status; 124 when the guest hung, 125 when its kernel crashed, 1 when
 * the VM is not set up, 2 on wrong usage.
 *
 * @module
 */
import { resolve } from "node:path";
import { Argument, Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { IpftError } from "../../lib/errors.ts";
import { GuestFailure, KERNELS, runInVm } from "./guest.ts";

export { GuestFailure, type GuestOptions, type GuestResult, type Kernel } from "./guest.ts";
export { KERNELS, runInVm } from "./guest.ts";

const program = new Command("run.ts")
  .description("Runs a command as root in a VM, in a copy of this checkout.")
  .usage("[options] KERNEL -- COMMAND ARGS...")
  .option("--timeout <seconds>", "how long the guest may take", positiveNumber, 300)
  .option("--cpus <n>", "processors of the guest", positiveNumber)
  .option("--extras <folder>", "a folder that the guest gets as /mnt/extras")
  .option("-i, --interactive", "give the command this terminal's or pipe's input")
  .addArgument(new Argument("<kernel>", "the kernel to boot").choices(KERNELS))
  .argument("<command...>", "the program to run, and its arguments")
  .exitOverride((error) => Deno.exit(error.exitCode && 2));

function positiveNumber(value: string): number {
  const number = Number(value);
  if (!(number > 0)) throw new InvalidArgumentError("It must be a positive number.");
  return number;
}

async function main(args: string[]): Promise<number> {
  const [kernel, command] = program.parse(args, { from: "user" }).processedArgs;
  const { timeout, cpus, extras, interactive } = program.opts();
  try {
    const { exitCode } = await runInVm({
      kernel,
      command,
      checkout: resolve(import.meta.dirname!, "../.."),
      deno: Deno.execPath(),
      extras,
      timeoutMs: timeout * 1000,
      cpus,
      input: interactive ? Deno.stdin.readable : undefined,
      onOutput: writeToStdout,
    });
    return exitCode;
  } catch (error) {
    // The reader of our output has seen enough: end as by SIGPIPE.
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
