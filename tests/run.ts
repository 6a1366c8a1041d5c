/**
 * Runs every check and test, and closes with the counts: `N passed, N failed`. The end-to-end tests
 * run in a VM for each kernel of the matrix, and on this machine's own kernel too when it can trace.
 *
 *     deno run -A tests/run.ts
 */
import { KERNELS } from "./vm/run.ts";

/** The most that one kernel's end-to-end tests may take. */
const E2E_TIMEOUT_SECONDS = 600;

const DENO_TEST = ["test", "-A", "--no-check"];
const E2E = [...DENO_TEST, "tests/e2e"];

interface Counts {
  passed: number;
  failed: number;
}

/** Runs a command, shows its output as it comes, and returns it with the exit status. */
async function run(command: string, args: string[]): Promise<{ output: string; code: number }> {
  const child = new Deno.Command(command, { args, stdout: "piped", stderr: "inherit" }).spawn();
  const decoder = new TextDecoder();
  let output = "";
  for await (const bytes of child.stdout) {
    output += decoder.decode(bytes, { stream: true });
    await Deno.stdout.write(bytes);
  }
  return { output, code: (await child.status).code };
}

/** A check: one test that passes when the command does. */
async function check(name: string, args: string[]): Promise<Counts> {
  console.log(`\n== ${name}`);
  const { code } = await run(Deno.execPath(), args);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** `deno test`, here or in a guest: its own counts. One that ends without them is a failure. */
async function suite(name: string, args: string[]): Promise<Counts> {
  console.log(`\n== ${name}`);
  const { output, code } = await run(Deno.execPath(), args);
  const counts = [...output.matchAll(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed/gm)].at(-1);
  const passed = Number(counts?.[1] ?? 0), failed = Number(counts?.[2] ?? 0);
  return { passed, failed: code === 0 || failed > 0 ? failed : 1 };
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
const add = async (name: string, run: (name: string) => Promise<Counts>) => {
  results.push([name, await run(name)]);
};

await add("format", (name) => check(name, ["fmt", "--check"]));
await add("lint", (name) => check(name, ["lint"]));
await add("types", (name) => check(name, ["check", "main.ts", "lib", "tests"]));
await add("unit tests", (name) => suite(name, [...DENO_TEST, "tests/unit"]));
if (await canTraceHere()) {
  await add("end to end, this machine", (name) => suite(name, E2E));
}
for (const kernel of KERNELS) {
  const timeout = ["--timeout", String(E2E_TIMEOUT_SECONDS)];
  const command = ["run", "-A", "tests/vm/run.ts", ...timeout, kernel, "--", "deno", ...E2E];
  await add(`end to end, Linux ${kernel}`, (name) => suite(name, command));
}

console.log("");
let passed = 0, failed = 0;
for (const [name, counts] of results) {
  console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed`);
  passed += counts.passed;
  failed += counts.failed;
}
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
