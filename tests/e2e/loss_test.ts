import assert from "node:assert/strict";
import { hitCounter } from "./hits.ts";
import { type Finished, noneLost, options, ping, shell, Trace, workingBackends } from "./ipft.ts";

const [backend] = await workingBackends();

/** Floods with marked pings; what the tracer counted and what it printed. */
async function flood(packets: number, ...args: string[]): Promise<Finished & { hits: number }> {
  await using trace = await Trace.start("-m", "1234", "-o", "json", ...options(backend), ...args);
  await ping(1234, "-f", "-c", String(packets));
  const hits = await hitCounter();
  return { ...await trace.stop(), hits };
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

Deno.test("ipft delivers every event of 2000 flood pings", async () => {
  const { code, stdout, stderr, hits } = await flood(2000);
  assert.equal(code, 0);
  assert.equal(countLines(stdout), hits);
  assert(hits >= 2000 * 7, `${hits} hits`);
  assert.match(stderr, new RegExp(`^${hits} events in .*, ${noneLost(backend)}$`, "m"));
});

Deno.test("ipft with a tiny buffer delivers or reports as lost every event", async () => {
  const { code, stdout, stderr, hits } = await flood(2000, "--buffer-size", "4096");
  assert.equal(code, 0);
  const summary = stderr.match(/^(\d+) events in .*, (\d+) lost of (\d+): .*--buffer-size/m);
  assert(summary, stderr);
  const [delivered, lost, total] = summary.slice(1).map(Number);
  assert(lost > 0);
  assert.equal(countLines(stdout), delivered);
  assert.equal(delivered + lost, hits);
  assert.equal(total, hits);
  assert.match(stderr, /^\d+ events lost so far: .*--buffer-size/m);
});

Deno.test("ipft's rings stand in for each other: one CPU has the room of all", async () => {
  // For two CPUs, as the VM has: a ring each of the least that is shared out.
  const bufferBytes = 8 << 20, eventBytes = 8 + 40;
  const room = bufferBytes / eventBytes;
  await using trace = await Trace.start(
    ...["-m", "1234", "-o", "json", "--buffer-size", `${bufferBytes}`, ...options(backend)],
  );
  trace.kill("SIGSTOP");
  while (await hitCounter() < 0.6 * room) {
    await shell("taskset -c 0 ping -q -f -c 1000 -m 1234 127.0.0.1");
  }
  const hits = await hitCounter();
  assert(hits > room / 2 && hits < room, `${hits} hits`);
  trace.kill("SIGCONT");
  const { code, stdout, stderr } = await trace.stop();
  assert.equal(code, 0);
  assert.equal(countLines(stdout), hits);
  assert.match(stderr, new RegExp(`^${hits} events in .*, ${noneLost(backend)}$`, "m"));
});
