/** What an expression means for extensions, scripts and the loss equation, and what it cannot decide. */
import assert from "node:assert/strict";
import { hitCounter } from "./hits.ts";
import { isKernel, type JsonEvent, options, ping, shell, Trace, workingBackends } from "./ipft.ts";
import { transfer } from "./traffic.ts";

const [backend] = await workingBackends();

/** What ping sends besides its headers, and the length of the IP packet that says so. */
const WANTED_BYTES = 100, OTHER_BYTES = 200;
const expression = `icmp and ip[2:2] = ${WANTED_BYTES + 28}`;
const MARK = 0x7a1, OTHER_MARK = 0x7a2;

/** Two floods at once, of which one is wanted. */
async function floods(packets: number): Promise<void> {
  await Promise.all([
    ping(MARK, "-f", "-c", `${packets}`, "-s", `${WANTED_BYTES}`),
    ping(OTHER_MARK, "-f", "-c", `${packets}`, "-s", `${OTHER_BYTES}`),
  ]);
}

Deno.test("every event that an expression lets through is delivered, lost or dropped", async () => {
  await using trace = await Trace.start(
    ...["-s", "tests/scripts/drop.lua", "--buffer-size", "4096", ...options(backend), expression],
  );
  await floods(700);
  const hits = await hitCounter();
  const { code, stdout, stderr } = await trace.stop();
  assert.equal(code, 0, stderr);
  const [, delivered, dropped, lost, total] = stderr.match(
    /^(\d+) events in .*, (\d+) dropped by the extension, (\d+) lost of (\d+): /m,
  )?.map(Number) ?? assert.fail(stderr);
  assert(lost > 0 && delivered > 0);
  assert.deepEqual([total, delivered + dropped + lost], [hits, hits]);
  // The script numbers what its extension was called for, from 0 on, and keeps the even numbers.
  const numbers = [...stdout.matchAll(/ (\d+)(?: \[copy of \d+\])?$/gm)].map(([, number]) =>
    Number(number)
  );
  assert.equal(numbers.length, delivered);
  assert(numbers.every((number) => number % 2 === 0 && number < hits));
  assert.equal(new Set(numbers).size, delivered);
});

Deno.test("an extension sees only the packets that an expression lets through", async () => {
  await using trace = await Trace.start(
    ...["-e", "tests/extensions/hidden.bpf.o", "-o", "json", ...options(backend), expression],
  );
  await floods(5);
  const events = await trace.events() as (JsonEvent & { mark: number; len: number })[];
  const received = events.filter((event) => event.function === "icmp_rcv");
  // Requests are marked, and replies are not.
  assert.equal(received.filter(({ mark }) => mark === MARK).length, 5);
  assert.equal(received.filter(({ mark }) => mark === 0).length, 5);
  assert(events.every(({ mark }) => mark === MARK || mark === 0));
  assert(received.every(({ len }) => len === WANTED_BYTES + 8));
});

Deno.test("what is in the first page fragment is read; what is in a later one is undecided", async () => {
  // TCP has its data in fragments of 32 KiB. Behind its header of 32 bytes, zeros are what is sent.
  const functions = ["-b", backend, "-r", "^(ip_output|ip_rcv|tcp_v4_rcv)$", "-o", "json"];
  const expressions = [
    "tcp[40:4] = 0",
    "tcp[40:4] = 1 or udp[100:4] = 0x30303030",
    "tcp[5000:4] = 1 or tcp[10000:4] = 1 or tcp[20000:4] = 1 or tcp[30000:4] = 1",
  ];
  await using traces = new AsyncDisposableStack();
  const running: Trace[] = [];
  for (const text of expressions) running.push(traces.use(await Trace.start(...functions, text)));
  await transfer("127.0.0.1", 1_000_000);
  await shell("printf %0200d 0 >/dev/udp/127.0.0.1/9");
  const [first, others, later] = await Promise.all(running.map((trace) => trace.stop()));
  const functionsOf = ({ stdout }: { stdout: string }) =>
    [...stdout.matchAll(/"function":"(\w+)"/g)].map(([, name]) => name);
  const received = functionsOf(first).filter((name) => name === "tcp_v4_rcv").length;
  assert(received > 5, `${received} packets`);
  assert.deepEqual(functionsOf(others), ["ip_output", "ip_rcv"]);
  assert.deepEqual(functionsOf(later), []);
  const undecided =
    /^Nobody knows of \d+ calls? whether the packets match: .* in page fragments that ipft does not read\.$/m;
  // On older kernels, these packets are no longer than their first fragment.
  if (isKernel(6, 12)) {
    assert.match(later.stderr, undecided);
    assert.doesNotMatch(later.stderr, /none lost/);
  }
  for (const { stderr } of [first, others]) assert.doesNotMatch(stderr, undecided);
});
