import { functionsOf } from "../journey.ts";
import type { Plan } from "../../plan.ts";
import { deliveredOf } from "./flood.ts";
import { BURST, FLOOD } from "./hit.ts";
import { MISS } from "./miss.ts";
import { READY, STOP } from "./ready.ts";
import { floodPings, measureStart } from "./start.ts";
import { measureTransfers } from "./transfer.ts";
import { whileTracing } from "../running_tool.ts";
import { rotated, Samples, type Series } from "../../series.ts";
import { toolsFor } from "../tools.ts";
import { floodPing, MARK, setReflection, VETH_MARK, VethPair } from "../traffic.ts";

/**
 * Measures ipft and bpftrace, which takes the functions by name and a tenth of a second or more to attach to
 * each (kprobes, one by one). Both are attached only to the functions that the packets go through.
 */
export async function measureNamed(plan: Plan): Promise<Series[]> {
  return [...await measurePings(plan), ...await measureIperf(plan)];
}

/** Measures all figures of start.ts, with the functions of a ping. */
async function measurePings(plan: Plan): Promise<Series[]> {
  const samples = new Samples();
  setReflection(true);
  const tools = toolsFor(await functionsOf(MARK, () => floodPing(10)), "PING");
  for (const tool of tools) await whileTracing(tool, MARK, async () => {});
  for (let round = 0; round < plan.deliveryRounds; round++) {
    for (const tool of rotated(tools, round)) await measureStart(tool, plan, samples);
  }
  setReflection(false);
  const delivered = deliveredOf(floodPings(plan));
  return [
    ...[MISS, BURST, FLOOD].flatMap((figure) => samples.compared(figure, tools)),
    ...tools.map((tool) => samples.get(delivered, tool)),
    ...[READY, STOP].flatMap((figure) => samples.compared(figure, tools)),
  ];
}

/** Measures the share that is delivered with iperf3, with the functions of its packets. */
async function measureIperf(plan: Plan): Promise<Series[]> {
  await using veth = await VethPair.make();
  const functions = await functionsOf(VETH_MARK, () => veth.transfer(plan.timedTransferSeconds));
  const [ipft, bpftrace] = toolsFor(functions, "IPERF3");
  return await measureTransfers(veth, ipft, [bpftrace], plan);
}
