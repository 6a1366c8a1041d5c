import assert from "node:assert/strict";
import { assertNothingLeft, ipft, options, ping, Trace, workingBackends } from "./ipft.ts";

const [best] = await workingBackends();

Deno.test("a script harms neither trace nor host: every event has its line, every error is counted", async () => {
  await using trace = await Trace.start(
    "-m",
    "77",
    "-s",
    "tests/e2e/hostile.lua",
    ...options(best),
  );
  await ping(77, "-c", "3", "-i", "0.2");
  const { code, stdout, stderr } = await trace.stop("SIGTERM");
  assert.equal(code, 0, stderr);

  const [init, header, ...rest] = stdout.trimEnd().split("\n");
  assert.equal(init, "init");
  assert.match(header, /^Timestamp +CPU Packet Module +Function$/);
  const events = Number(/^(\d+) events in .*none lost/m.exec(stderr)?.[1]);
  assert.equal(rest.pop(), `fini after ${events}`);
  const lines = rest.filter((line) => line !== "===");
  assert.equal(lines.length, events);

  const reasons = [
    /dump failed: tests\/e2e\/hostile.lua:5: stopped after 1,000,000 instructions\)$/,
    /dump failed: tests\/e2e\/hostile.lua:6: stopped after 1,000,000 instructions\)$/,
    /dump failed: not enough memory: a script has 64 MiB\)$/,
    /dump failed: tests\/e2e\/hostile.lua:9: stopped after 1,000,000 instructions\)$/,
    /dump failed: tests\/e2e\/hostile.lua:13: stopped after 1,000,000 instructions\)$/,
    /could not open \/etc\/shadow: refused by ipft's sandbox/,
    /io.open: mode 'w' refused by ipft's sandbox/,
    /os.execute: refused by ipft's sandbox/,
    /io.popen: refused by ipft's sandbox/,
    /os.exit: refused by ipft's sandbox/,
    /dump returned nil; it must return a string\)$/,
    /an error of its own\)$/,
  ];
  reasons.forEach((reason, i) => assert.match(lines[i], reason));
  for (const line of lines.slice(reasons.length)) assert.match(line, / fine$/);

  assert.match(stderr, /^ {2}tests\/e2e\/hostile.lua:5: in /m);
  assert.equal(stderr.match(/ipft: dump failed/g)?.length, 1);
  assert.match(stderr, /^The script failed for 12 events; the first error is shown above\.$/m);
  await assert.rejects(Deno.stat("tests/e2e/made-by-a-script"), Deno.errors.NotFound);
  await assertNothingLeft();
});

Deno.test("a signal ends the trace while dump is stuck, and every event has its line", async () => {
  const path = await Deno.makeTempFile({ suffix: ".lua" });
  const stuck = `function dump() return ("a"):rep(40000):find(".-.-b") end`;
  await Deno.writeTextFile(path, `api_version = 1\n${stuck}\n`);
  await using trace = await Trace.start("-m", "77", "-s", path, "-o", "stream", ...options(best));
  await ping(77, "-c", "1");
  const start = performance.now();
  const { code, stdout, stderr } = await trace.stop("SIGINT");
  const tookMs = performance.now() - start;
  assert.equal(code, 0, stderr);
  assert(tookMs < 10_000, `${tookMs} ms`); // with detaching, in an emulated guest
  const lines = stdout.trimEnd().split("\n").slice(1);
  assert(lines.length > 5, stdout);
  for (const line of lines) {
    assert.match(
      line,
      / \(dump failed: stopped .*; as one call did not end, the script is not called/,
    );
  }
  await assertNothingLeft();
});

Deno.test("a script with an error ends ipft before anything is attached", async () => {
  const path = await Deno.makeTempFile({ suffix: ".lua" });
  await Deno.writeTextFile(path, "api_version = 1\nfunction init() nothing() end\n");
  const { code, stdout, stderr } = await ipft("-m", "77", "-s", path);
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^ {2}.*:2: in function 'init'$/m);
  assert.match(
    stderr,
    /^ipft: init failed: .*:2: attempt to call a nil value \(global 'nothing'\)$/m,
  );
  assert.doesNotMatch(stderr, /Attached/);
});
