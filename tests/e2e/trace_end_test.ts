import assert from "node:assert/strict";
import { assertNothingLeft, ipft, noneLost, options, run, workingBackends } from "./ipft.ts";

const MARK = 0x7e5;
const [backend] = await workingBackends();
const traced = ["-m", String(MARK), ...options(backend)];
const ping = ["ping", "-q", "-c", "1", "-m", String(MARK), "127.0.0.1"];

Deno.test("the trace ends with the command that it runs, whose output is not its own", async () => {
  const { code, stdout, stderr } = await ipft(...traced, "-o", "json", "--", ...ping);
  assert.equal(code, 0, stderr);
  const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(events.filter((event) => event.function === "ip_rcv").length, 1);
  assert.match(
    stderr,
    new RegExp(`Trace ready!\n[^]*1 packets transmitted, 1 received[^]*${noneLost(backend)}\n`),
  );
});

Deno.test("a command that fails is told of, and one that does not end is ended", async () => {
  const missing = await ipft(...traced, "--", "no-such-command", "x");
  assert.match(
    missing.stderr,
    /no-such-command: not found\nno-such-command ended with exit status 127\n/,
  );
  assert.match(missing.stderr, /^0 events in /m);
  const endless = await ipft(...traced, "-d", "500ms", "--", "sleep", "987654");
  assert.equal(endless.code, 0);
  assert.match(
    endless.stderr,
    new RegExp(
      `^0 events in .* s, ${noneLost(backend)}\n(?:Detaching…\n)?sleep was ended by SIGTERM$`,
      "m",
    ),
  );
  assert.equal((await run("pgrep", "-f", "sleep 987654")).code, 1);
});

Deno.test("--duration ends the trace, and leaves nothing", async () => {
  const { code, stderr } = await ipft(...traced, "-d", "0.3");
  assert.equal(code, 0);
  assert.match(stderr, new RegExp(`^0 events in .* s, ${noneLost(backend)}$`, "m"));
  await assertNothingLeft();
});

Deno.test("--packets ends the trace after whole packets, and leaves out the others", async () => {
  const five = ["ping", "-q", "-c", "5", "-i", "0.2", "-m", String(MARK), "127.0.0.1"];
  const { code, stdout, stderr } = await ipft(...traced, "-n", "2", "--", ...five);
  assert.equal(code, 0, stderr);
  const packets = stdout.trimEnd().split("===\n");
  assert.equal(packets.length, 2, stdout);
  for (const packet of packets) {
    assert.match(packet, / ip_output$/m);
    assert.match(packet, / kfree_skbmem$/m);
  }
  assert.match(stderr, new RegExp(`^\\d+ events in .*, ${noneLost(backend)}$`, "m"));
});

Deno.test("--write puts the results into a file, and says when it cannot", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "what was there before");
  const { code, stdout, stderr } = await ipft(...traced, "-w", path, "--", ...ping);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  assert.match(await Deno.readTextFile(path), /^ *Timestamp [^]* ip_rcv\n/);
  await Deno.remove(path);
  const missing = await ipft(...traced, "-w", "/no/such/folder", "--", ...ping);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /^ipft: cannot write \/no\/such\/folder: there is no such file\n$/);
});
