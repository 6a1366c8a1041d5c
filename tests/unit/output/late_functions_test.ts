/** Functions of modules that are loaded during a trace: the table grows while sinks and stages are at work. */
import assert from "node:assert/strict";
import { CountEvents } from "../../../lib/analysis/count_events.ts";
import { IdentifyPackets } from "../../../lib/analysis/identify_packets.ts";
import { EventBatch } from "../../../lib/event/batch.ts";
import { DATA } from "../../../lib/event/section.ts";
import { type TracedFunction, TRACERS } from "../../../lib/event/trace_header.ts";
import { AGGREGATE } from "../../../lib/output/aggregate/aggregate.ts";
import { JSON_LINES } from "../../../lib/output/json.ts";
import { STREAM } from "../../../lib/output/stream.ts";
import { dataOfText, FakeFields } from "../../support/fake_fields.ts";
import { contextOf, fill } from "../../support/sink_fixture.ts";
import type { Row } from "../../support/row.ts";

/** The longest names that the kernel has. */
const LATE = { name: "l".repeat(511), module: "m".repeat(55) };

/** Writes some events, and more after two functions were added. */
async function writeBothTimes(
  { open }: typeof STREAM,
  tracer: typeof TRACERS[number],
  withData: boolean,
) {
  const functions: TracedFunction[] = [{ name: "ip_rcv", module: "vmlinux" }];
  const openFields = withData ? new FakeFields().open : undefined;
  const info = { tracer, functions, originNs: 0n, openFields };
  let text = "";
  const write = (bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
    return Promise.resolve();
  };
  const sink = open(contextOf(info, write, withData ? [DATA] : []));
  const stages = [new IdentifyPackets(info), new CountEvents()] as const;
  const batch = new EventBatch(2048, withData ? [DATA] : []);
  let timestamp = 0;
  const row = (functionIndex: number): Row => ({
    skb: 1n,
    timestamp: timestamp++,
    functionIndex,
    cpu: 0,
    data: withData ? dataOfText(3) : undefined,
  });
  const give = async (rows: Row[]) => {
    fill(batch, rows);
    for (const stage of stages) stage.apply(batch);
    await sink.write(batch);
  };
  await give([row(0), row(0)]);
  functions.push(LATE, { name: "kfree_skbmem", module: "vmlinux" });
  await give([...Array.from({ length: 1000 }, () => row(1)), row(2), row(0)]);
  await sink.finish();
  const [, count] = stages;
  return { text, packets: count.packets, functions: count.functions };
}

for (const format of [STREAM, JSON_LINES, AGGREGATE]) {
  for (const tracer of TRACERS) {
    for (const withData of [false, true]) {
      const what = `${format.name}, ${tracer}${withData ? ", with data" : ""}`;
      Deno.test(`functions may be added during a trace: ${what}`, async () => {
        const { text, packets, functions } = await writeBothTimes(format, tracer, withData);
        assert.equal(text.split(LATE.name).length - 1, 1000);
        assert.equal(text.split("ip_rcv").length - 1, 3);
        assert(text.includes(LATE.module));
        assert.equal(packets, 2, "the late kfree_skbmem ends the first");
        assert.equal(functions, 3);
      });
    }
  }
}
