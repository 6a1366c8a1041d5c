/** Measures ipft, pwru and bpftrace in VMs. Each figure has a file in figures/. */
import { join, resolve } from "node:path";
import { GuestFailure, runInVm } from "../../vm/run.ts";
import { IpftError } from "../../../lib/base/errors.ts";
import type { Figure, Plan } from "../plan.ts";
import { addCpuRatios, CPU_COUNTS } from "./figures/cpus.ts";
import { merged, type Results } from "./results.ts";

const TIMEOUT_MS = 3600_000;

/**
 * An emulated processor now and then runs an int3 that the kernel has just replaced, and the kernel crashes
 * ("Oops: int3"), with four processors more often than with two. Such a guest is run again; the results
 * of the others are kept.
 */
const ATTEMPTS = 4;

const checkout = resolve(import.meta.dirname!, "../../..");
const cache = Deno.env.get("IPFT_CACHE") ?? join(checkout, ".cache");

/** The only figure that needs bpftrace, which takes too long to pack for the other guests. */
const OF_BPFTRACE = "named";

/**
 * Measures all figures but `cpus` in one guest, and `cpus` in guests of its own.
 * @param options the options of the command line, for the guest
 * @throws IpftError, or GuestFailure of `runInVm`
 */
export async function measureVm({ figures }: Plan, options: readonly string[]): Promise<Results> {
  await setUp(figures);
  const measure = (figures: readonly Figure[], cpus?: number) =>
    attempt(() => measureInGuest(figures, options, cpus));
  const inOneGuest = figures.filter((figure) => figure !== "cpus");
  const guests: Results[] = [];
  if (inOneGuest.length > 0) guests.push(await measure(inOneGuest));
  if (!figures.includes("cpus")) return guests[0];
  for (const cpus of CPU_COUNTS) guests.push(await measure(["cpus"], cpus));
  const results = merged(guests);
  return { ...results, series: addCpuRatios(results.series) };
}

async function attempt<T>(measure: () => Promise<T>): Promise<T> {
  for (let left = ATTEMPTS - 1;; left--) {
    try {
      return await measure();
    } catch (error) {
      if (!(error instanceof GuestFailure) || left === 0) throw error;
      console.error(`${error.message}\nmeasuring again in another guest`);
    }
  }
}

async function setUp(figures: readonly Figure[]): Promise<void> {
  const { success } = await new Deno.Command(join(import.meta.dirname!, "setup.sh"), {
    args: figures.includes(OF_BPFTRACE) ? ["bpftrace"] : [],
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  if (!success) throw new IpftError("the tools to compare with could not be fetched");
}

async function measureInGuest(
  figures: readonly Figure[],
  options: readonly string[],
  cpus?: number,
): Promise<Results> {
  const extras = figures.includes(OF_BPFTRACE) ? ["extras", "bpftrace"] : ["extras"];
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

/** Shows the output of the guest without the results. */
function showProgress(bytes: Uint8Array): void {
  if (bytes[0] !== "{".charCodeAt(0)) Deno.stderr.writeSync(bytes);
}
