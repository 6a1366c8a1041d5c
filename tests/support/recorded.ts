/** A trace that was recorded in the VM, and what the sinks wrote of it before they were redesigned. */
import type { Bound } from "../../lib/analysis/held/spill_file.ts";
import { IdentifyPackets } from "../../lib/analysis/identify_packets.ts";
import { EventBatch } from "../../lib/event/batch.ts";
import type { OpenFields } from "../../lib/event/fields.ts";
import { DATA } from "../../lib/event/section.ts";
import type { TracedFunction, Tracer } from "../../lib/event/trace_header.ts";
import { formatNamed } from "../../lib/output/formats.ts";
import recorded from "./golden/recorded.json" with { type: "json" };
import { contextOf, fill } from "./sink_fixture.ts";
import type { Row } from "./row.ts";

/** `tests/support/golden/`, relative to the checkout, as scripts' error messages name it. */
export const GOLDEN = "tests/support/golden";

const FUNCTIONS: readonly TracedFunction[] = recorded.functions
  .map(([name, module]) => ({ name, module }));

/** Events of two pings and one connection, with the data of examples/bpf/len. */
export const ROWS: readonly Row[] = (recorded.rows as [string, ...number[]][]).map(
  ([skb, timestamp, task, functionIndex, cpu, isReturn, data]) => ({
    skb: BigInt(`0x${skb}`),
    timestamp,
    task,
    functionIndex,
    cpu,
    isReturn: isReturn === 1,
    data: Uint8Array.fromHex(String(data).padEnd(128, "0")),
  }),
);

/** What a format makes of the recorded events, entries only unless the tracer sees returns. */
export async function rendered(
  format: string,
  tracer: Tracer,
  openFields?: OpenFields,
  bound?: Bound,
): Promise<string> {
  const originNs = BigInt(recorded.originNs);
  const info = { tracer, functions: FUNCTIONS, originNs, openFields, bound };
  let text = "";
  const sink = formatNamed(format).open(contextOf(info, (bytes) => {
    text += new TextDecoder().decode(bytes);
    return Promise.resolve();
  }, [DATA]));
  const identify = new IdentifyPackets(info);
  const batch = new EventBatch(100, [DATA]);
  const rows = ROWS.filter(({ isReturn }) => tracer === "function_graph" || !isReturn);
  for (let start = 0; start < rows.length; start += batch.capacity) {
    fill(batch, rows.slice(start, start + batch.capacity));
    identify.apply(batch);
    await sink.write(batch);
  }
  await sink.finish();
  return text;
}
