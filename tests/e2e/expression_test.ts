/** An expression decides which packets are traced, and sections say of them what they are. */
import assert from "node:assert/strict";
import { backendGaps, type BackendName } from "../../lib/bpf/attach/backends.ts";
import { LiveSource } from "../../lib/capture/live_source.ts";
import { compileExpression } from "../../lib/ffi/libpcap.ts";
import { EventBatch } from "../../lib/event/batch.ts";
import { type Tracer, TRACERS } from "../../lib/event/trace_header.ts";
import type { PacketFilter } from "../../lib/filter/packet_filter.ts";
import { inspectKernel } from "../../lib/kernel/inspect.ts";
import { META } from "../../lib/sections/meta/meta.ts";
import { checkExpressions } from "../support/expression_check.ts";
import { assertNothingLeft, ping } from "./ipft.ts";

const MARK = 0xf117e5;
const mark = { value: MARK, mask: 0xffffffff };

/** What ping sends of its own, and the headers in front of that. */
const SMALL = 100, LARGE = 777, ICMP_BYTES = 8, IP_BYTES = 20;

/** An expression for packets with `size` bytes of ping's own. */
const ofSize = (size: number) =>
  compileExpression(`icmp and ip[2:2] = ${size + ICMP_BYTES + IP_BYTES}`);

interface Seen {
  readonly function: string;
  readonly skb: string;
  readonly isReturn: boolean;
  readonly mark: number;
  readonly len: number;
}

/** Traces ip_output, ip_rcv and icmp_rcv: what there was, of which nothing is missing. */
async function trace(
  tracer: Tracer,
  backend: BackendName,
  filter: PacketFilter,
  traffic: () => Promise<void>,
): Promise<Seen[]> {
  using source = await LiveSource.load({
    tracer,
    backend,
    filter,
    functions: { functionRegex: /^(ip_output|ip_rcv|icmp_rcv)$/ },
    sections: [META],
    bufferSizeBytes: 1 << 20,
    outputFds: [],
    warn: () => {},
  });
  await source.attach({ attached: () => Promise.resolve(), detached: () => {} }, true);
  source.start();
  await traffic();
  source.stop();
  const batch = new EventBatch(1000, [META]), seen: Seen[] = [];
  while (await source.read(batch)) {
    const { columns } = batch, meta = batch.section(META)!;
    for (let row = 0; row < batch.length; row++) {
      seen.push({
        function: source.header.functions[columns.functionIndex[row]].name,
        skb: `${columns.skb[2 * row + 1]}:${columns.skb[2 * row]}`,
        isReturn: columns.isReturn[row] === 1,
        mark: meta.mark[row],
        len: meta.len[row],
      });
    }
  }
  const { length } = seen;
  const { hits, delivered, lost, dropped, undecided } = source.completeness();
  assert.deepEqual([hits, delivered], [length, length]);
  assert.deepEqual([lost, dropped, undecided], [0, 0, 0]);
  return seen;
}

async function pingBoth(mark: number): Promise<void> {
  await ping(mark, "-c", "1", "-s", `${SMALL}`);
  await ping(mark, "-c", "1", "-s", `${LARGE}`);
}

/** What a ping's request has in a trace by mark: its reply is not marked. */
function requestOf(size: number) {
  const message = size + ICMP_BYTES, packet = message + IP_BYTES;
  return [["ip_output", packet], ["ip_rcv", packet], ["icmp_rcv", message]];
}

/** Functions and lengths of the entries of calls. */
const entries = (seen: readonly Seen[]) =>
  seen.filter(({ isReturn }) => !isReturn).map((event) => [event.function, event.len]);

const { capabilities, btfIds } = await inspectKernel(() => {});

Deno.test("expressions say what libpcap's own interpreter says", async () => {
  const checked = await checkExpressions(btfIds, { count: 40, packets: 5, seed: 81 });
  assert(checked.expressions > 20);
  assert(checked.matches > 100);
  // What is in a fragment is read, unless a number is only partly there.
  assert(btfIds.skbLayout?.fragments !== undefined);
  assert(checked.undecided < checked.packets / 20, `${checked.undecided} of ${checked.packets}`);
});

for (const tracer of TRACERS) {
  for (const { backend: { name }, missing } of backendGaps(capabilities, tracer)) {
    if (missing.length > 0) continue;
    Deno.test(`${tracer} with ${name}: sections agree with what was sent, an expression chooses`, async () => {
      const returns = tracer === "function_graph" ? 2 : 1;
      const all = await trace(tracer, name, { mark }, () => pingBoth(MARK));
      assert.deepEqual(entries(all), [...requestOf(SMALL), ...requestOf(LARGE)]);
      assert.equal(all.length, returns * 6);
      for (const event of all) if (!event.isReturn) assert.equal(event.mark, MARK);

      for (const size of [SMALL, LARGE]) {
        const expression = ofSize(size);
        const one = await trace(tracer, name, { mark, expression }, () => pingBoth(MARK));
        assert.deepEqual(entries(one), requestOf(size));
        assert.equal(one.length, returns * 3);
        assert.equal(new Set(one.map(({ skb }) => skb)).size, 1);
      }

      const unmarked = await trace(tracer, name, { expression: ofSize(LARGE) }, () => pingBoth(0));
      const rcv = unmarked.filter((event) => event.function === "ip_rcv" && !event.isReturn);
      assert.deepEqual(rcv.map(({ mark, len }) => [mark, len]), [
        [0, LARGE + ICMP_BYTES + IP_BYTES],
        [0, LARGE + ICMP_BYTES + IP_BYTES],
      ]);
    });
  }
}

Deno.test("nothing of it stays", assertNothingLeft);
