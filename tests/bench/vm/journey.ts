/** Finds the functions that packets go through, for tools that cannot attach to all functions. */
import { inspectKernel } from "../../../lib/kernel/inspect.ts";
import { type SkbFunction, VMLINUX } from "../../../lib/kernel/skb_function.ts";
import { planTrace } from "../../../lib/capture/plan.ts";
import { whileTracing } from "./running_tool.ts";
import { ipftJson, namesRegex, type Tool } from "./tools.ts";

/** Returns the functions of vmlinux that ipft shows for packets with a mark. */
export async function functionsOf(
  mark: number,
  traffic: () => Promise<unknown>,
): Promise<readonly SkbFunction[]> {
  const names = new Set<string>();
  const tool: Tool = {
    ...ipftJson,
    account: (stderr, output) => {
      for (const name of namesOf(Deno.readTextFileSync(output))) names.add(name);
      return ipftJson.account(stderr, output);
    },
  };
  await whileTracing(tool, mark, traffic);
  const kernel = await inspectKernel(() => {});
  const functions = { functionRegex: namesRegex([...names]) };
  return planTrace(kernel, { tracer: "function", backend: "kprobe-multi", functions }).functions;
}

/** Returns the names of the functions of vmlinux in ipft's JSON. */
export function namesOf(json: string): Set<string> {
  const events = json.trimEnd().split("\n").map((line) => JSON.parse(line));
  return new Set(
    events.filter((event) => event.module === VMLINUX).map((event) => event.function as string),
  );
}
