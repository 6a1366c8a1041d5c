/**
 * Measures ipft against pwru and bpftrace in a VM:
 * `deno run -A tests/bench/vm/main.ts [--quick] [--compare] [FIGURE...]`.
 * FIGURE: miss, idle, hit, flood, transfer, ready, named, cpus, once (one file each in figures/);
 * unless told, all but the last, and with `--quick` only that.
 *
 * Prints a Markdown table and, on the last line, the same as JSON; progress goes to stderr. With
 * `--compare`, it also says how the ratios differ from those of expected.json, and exits with 1 when
 * one of them is too much.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { GuestFailure, runInVm } from "../../vm/run.ts";
import { IpftError } from "../../../lib/errors.ts";
import { compare, type Expected, verdictLine } from "./compare.ts";
import { addCpuRatios, CPU_COUNTS } from "./figures/cpus.ts";
import { type Figure, readPlan } from "./plan.ts";
import { merged, type Results } from "./results.ts";
import { markdown } from "./table.ts";

const TIMEOUT_MS = 3600_000;

const checkout = resolve(import.meta.dirname!, "../../..");
const cache = Deno.env.get("IPFT_CACHE") ?? join(checkout, ".cache");

/** The figure that needs bpftrace: packing it takes too long for guests that don't. */
const OF_BPFTRACE = "named";

async function main(): Promise<number> {
  const setup = await new Deno.Command(join(import.meta.dirname!, "setup.sh"), {
    args: readPlan(Deno.args).figures.includes(OF_BPFTRACE) ? ["bpftrace"] : [],
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (!setup.success) return 1;
  const results = await measureAll();
  console.log(markdown(results));
  const isAsExpected = !Deno.args.includes("--compare") || printComparison(results);
  console.log("\n" + JSON.stringify(results));
  return isAsExpected ? 0 : 1;
}

/** One guest measures all figures but `cpus`, which takes guests of its own. */
async function measureAll(): Promise<Results> {
  const { figures } = readPlan(Deno.args);
  const inOneGuest = figures.filter((figure) => figure !== "cpus");
  const guests: Results[] = [];
  if (inOneGuest.length > 0) guests.push(await measureInGuest(inOneGuest));
  if (!figures.includes("cpus")) return guests[0];
  for (const cpus of CPU_COUNTS) guests.push(await measureInGuest(["cpus"], cpus));
  const results = merged(guests);
  return { ...results, series: addCpuRatios(results.series) };
}

async function measureInGuest(figures: readonly Figure[], cpus?: number): Promise<Results> {
  const extras = figures.includes(OF_BPFTRACE) ? ["extras", "bpftrace"] : ["extras"];
  const options = Deno.args.filter((arg) => arg.startsWith("--"));
  const { exitCode, output } = await runInVm({
    kernel: "6.12",
    command: [
      ...["deno", "run", "-A", "--no-check", "tests/bench/vm/guest.ts"],
      ...options,
      ...figures,
    ],
    checkout,
    deno: Deno.execPath(),
    extras: extras.map((folder) => join(cache, "bench", folder)),
    timeoutMs: TIMEOUT_MS,
    cpus,
    onOutput: showProgress,
  });
  if (exitCode !== 0) throw new IpftError(`measuring in the guest failed (exit code ${exitCode})`);
  return JSON.parse(output.trimEnd().split("\n").at(-1)!);
}

/** Shows what the guest says, but for the results. */
function showProgress(bytes: Uint8Array): void {
  if (bytes[0] !== "{".charCodeAt(0)) Deno.stderr.writeSync(bytes);
}

/** A line for each comparison; returns whether nothing is too much. */
function printComparison({ series }: Results): boolean {
  const expected: Expected[] = JSON.parse(
    Deno.readTextFileSync(join(import.meta.dirname!, "expected.json")),
  );
  const verdicts = compare(series, expected);
  console.log("\n" + verdicts.map(verdictLine).join("\n"));
  if (verdicts.every(({ isMet }) => isMet)) return true;
  console.error("bench-vm: not as expected; where other work may have disturbed it, run it again");
  return false;
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof GuestFailure || error instanceof IpftError)) throw error;
  console.error(`bench-vm: ${error.message}`);
  Deno.exit(1);
}
