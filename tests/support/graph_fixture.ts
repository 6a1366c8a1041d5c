/** Short traces of function_graph, for tests with the expected tree beside them. */
import assert from "node:assert/strict";
import { GraphSink } from "../../lib/output/aggregate/graph.ts";
import type { TracedFunction } from "../../lib/event/trace_header.ts";
import { type TraceInfo, written } from "./sink_fixture.ts";
import type { Row } from "./row.ts";

const FUNCTIONS: readonly TracedFunction[] = [
  { name: "ip_rcv", module: "vmlinux" },
  { name: "nf_hook_slow", module: "vmlinux" },
  { name: "nf_conntrack_in", module: "nf_conntrack" },
  { name: "skb_clone", module: "vmlinux" },
  { name: "kfree_skb", module: "vmlinux" },
  { name: "kfree_skbmem", module: "vmlinux" },
];

export const INFO: TraceInfo = {
  tracer: "function_graph",
  functions: FUNCTIONS,
  originNs: 1_000_000_000n,
};

/**
 * Events, one a line in the order of their arrival: the time in ns, the CPU, the task, a letter for the
 * skb, the function, and `{` for its entry or `}` for its return.
 */
export function events(text: string): Row[] {
  return text.trim().split("\n").map((line) => {
    const [timestamp, cpu, task, skb, name, brace] = line.trim().split(/\s+/);
    return {
      timestamp: Number(timestamp),
      cpu: Number(cpu),
      task: Number(task),
      skb: BigInt(skb.charCodeAt(0)) * 256n,
      functionIndex: FUNCTIONS.findIndex((traced) => traced.name === name),
      isReturn: brace === "}",
    };
  });
}

/** Asserts what GraphSink writes of events, below the line with the names of the columns. */
export async function assertTree(text: string, expected: string): Promise<void> {
  const [header, ...lines] = (await written(GraphSink, INFO, events(text))).split("\n");
  assert.equal(header, "Timestamp  CPU Module       Duration  Function");
  assert.equal(lines.join("\n"), expected);
}
