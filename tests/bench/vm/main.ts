/**
 * Measures ipft against pwru in a VM: `deno run -A tests/bench/vm/main.ts [--quick] [FIGURE...]`. FIGURE:
 * idle, hit, flood, transfer, ready (one file each in figures/); all of them unless told.
 *
 * Prints a Markdown table and, on the last line, the same as JSON; progress goes to stderr.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { GuestFailure, runInVm } from "../../vm/run.ts";
import { IpftError } from "../../../lib/errors.ts";
import type { Results } from "./results.ts";
import { markdown } from "./table.ts";

const TIMEOUT_MS = 3600_000;

const checkout = resolve(import.meta.dirname!, "../../..");
const cache = Deno.env.get("IPFT_CACHE") ?? join(checkout, ".cache");

async function main(): Promise<number> {
  const setup = await new Deno.Command(join(import.meta.dirname!, "setup.sh"), {
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (!setup.success) return 1;
  const { exitCode, output } = await runInVm({
    kernel: "6.12",
    command: [
      ...["deno", "run", "-A", "--no-check", "tests/bench/vm/guest.ts"],
      ...Deno.args,
    ],
    checkout,
    deno: Deno.execPath(),
    extras: join(cache, "bench/extras"),
    timeoutMs: TIMEOUT_MS,
    onOutput: showProgress,
  });
  if (exitCode !== 0) return exitCode;
  const json = output.trimEnd().split("\n").at(-1)!;
  console.log(markdown(JSON.parse(json) as Results));
  console.log("\n" + json);
  return 0;
}

/** Shows what the guest says, but for the results. */
function showProgress(bytes: Uint8Array): void {
  if (bytes[0] !== "{".charCodeAt(0)) Deno.stderr.writeSync(bytes);
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof GuestFailure || error instanceof IpftError)) throw error;
  console.error(`bench-vm: ${error.message}`);
  Deno.exit(1);
}
