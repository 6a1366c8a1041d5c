/**
 * Runs every check and test and ends with the counts: `N passed, N failed`. The end-to-end tests run in
 * VMs for each kernel of the matrix, and on this machine's own kernel when it can trace.
 *
 *     deno run -A tests/run.ts
 */
import { type Kernel, KERNELS } from "./vm/run.ts";

/** The longest that one VM's share of the end-to-end tests may take. */
const E2E_TIMEOUT_SECONDS = 1200;

/** VMs that share the tests of one kernel: an emulated guest keeps little more than one processor busy. */
const VMS = 2;

/** The kernel on which the tests run the executable, which `make test` has built. Elsewhere they run the sources. */
const KERNEL_OF_THE_EXECUTABLE: Kernel = "6.12";

const DENO_TEST = ["test", "-A", "--no-check"];
const E2E = "tests/e2e";

interface Counts {
  passed: number;
  failed: number;
}

/** Runs Deno, shows its output as it arrives, and returns it with the exit status. */
async function run(
  args: string[],
  show: (bytes: Uint8Array) => void,
): Promise<{ output: string; code: number }> {
  const options = { args, stdout: "piped", stderr: "inherit" } as const;
  const child = new Deno.Command(Deno.execPath(), options).spawn();
  const decoder = new TextDecoder();
  let output = "";
  for await (const bytes of child.stdout) {
    output += decoder.decode(bytes, { stream: true });
    show(bytes);
  }
  return { output, code: (await child.status).code };
}

function toStdout(bytes: Uint8Array): void {
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

/** Runs a check, which counts as one test that passes when the command succeeds. */
async function check(args: string[]): Promise<Counts> {
  const { code } = await run(args, toStdout);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** Runs `deno test`, here or in a guest, and returns its counts. A run that prints none counts as one failure. */
async function suite(args: string[], show = toStdout): Promise<Counts> {
  const { output, code } = await run(args, show);
  const counts = [...output.matchAll(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed/gm)].at(-1);
  const passed = Number(counts?.[1] ?? 0), failed = Number(counts?.[2] ?? 0);
  return { passed, failed: code === 0 || failed > 0 ? failed : 1 };
}

/** Runs the end-to-end tests in VMs with this kernel, side by side, and shows their output one after the other. */
async function inVms(kernel: string): Promise<Counts> {
  const held: Uint8Array[] = [];
  const counts = await Promise.all(
    shares(VMS).map((files, vm) => {
      const timeout = ["--timeout", String(E2E_TIMEOUT_SECONDS)];
      const env = kernel === KERNEL_OF_THE_EXECUTABLE ? ["env", "IPFT=./ipft"] : [];
      const command = ["run", "-A", "tests/vm/run.ts", ...timeout, kernel, "--", ...env];
      const show = vm === 0 ? toStdout : (bytes: Uint8Array) => void held.push(bytes);
      return suite([...command, "deno", ...DENO_TEST, ...files], show);
    }),
  );
  held.forEach(toStdout);
  return {
    passed: counts.reduce((sum, { passed }) => sum + passed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  };
}

/** Splits the end-to-end tests into `count` parts, guessing how long a file takes by its size. */
function shares(count: number): string[][] {
  const files = [...Deno.readDirSync(E2E)].filter(({ name }) => name.endsWith("_test.ts"))
    .map(({ name }) => ({ path: `${E2E}/${name}`, size: Deno.statSync(`${E2E}/${name}`).size }))
    .sort((a, b) => b.size - a.size);
  const parts = Array.from({ length: count }, () => ({ size: 0, paths: [] as string[] }));
  for (const { path, size } of files) {
    const smallest = parts.reduce((least, part) => part.size < least.size ? part : least);
    smallest.size += size;
    smallest.paths.push(path);
  }
  return parts.map(({ paths }) => paths);
}

async function canTraceHere(): Promise<boolean> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "main.ts", "doctor"],
    stdout: "null",
    stderr: "null",
  }).output();
  return code === 0;
}

const results: [string, Counts][] = [];
const add = async (name: string, run: () => Promise<Counts>) => {
  console.log(`\n== ${name}`);
  results.push([name, await run()]);
};

await add("format", () => check(["fmt", "--check"]));
await add("lint", () => check(["lint"]));
await add("types", () => check(["check", "main.ts", "lib", "tests"]));
await add("unit tests", () => suite([...DENO_TEST, "tests/unit"]));
if (await canTraceHere()) {
  await add("end to end, this machine", () => suite([...DENO_TEST, E2E]));
}
for (const kernel of KERNELS) await add(`end to end, Linux ${kernel}`, () => inVms(kernel));
await add("the executable where nothing is installed", () => {
  const timeout = ["--timeout", String(E2E_TIMEOUT_SECONDS)];
  return check([
    "run",
    "-A",
    "tests/vm/run.ts",
    ...timeout,
    KERNEL_OF_THE_EXECUTABLE,
    "--",
    "tests/minimal.sh",
  ]);
});

console.log("");
let passed = 0, failed = 0;
for (const [name, counts] of results) {
  console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed`);
  passed += counts.passed;
  failed += counts.failed;
}
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
