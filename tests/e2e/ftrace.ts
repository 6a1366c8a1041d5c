/** The kernel's own tracers, to hold ipft against. */
import { shell } from "./ipft.ts";

const TRACEFS = "/sys/kernel/tracing";

/**
 * What a tracer of the kernel prints of `functions` meanwhile, on the clock of ipft's timestamps.
 * @param tracer `function`, or `function_graph`, which old kernels have but once
 */
export async function recordWithFtrace(
  tracer: "function" | "function_graph",
  functions: ReadonlySet<string>,
  meanwhile: () => Promise<void>,
): Promise<string> {
  const isInstance = tracer === "function";
  const folder = isInstance ? `${TRACEFS}/instances/ipft-test` : TRACEFS;
  if (isInstance) await shell(`mkdir ${folder}`);
  const set = (name: string, value: string) => Deno.writeTextFile(`${folder}/${name}`, value);
  try {
    await set("trace_clock", "mono");
    await set("buffer_size_kb", "16384");
    await set("set_ftrace_filter", await filterIndexes(functions));
    await set("current_tracer", tracer);
    await meanwhile();
    await set("tracing_on", "0");
    return await Deno.readTextFile(`${folder}/trace`);
  } finally {
    await set("current_tracer", "nop");
    if (isInstance) await shell(`rmdir ${folder}`);
    else {
      await set("set_ftrace_filter", "\n");
      await set("tracing_on", "1");
    }
  }
}

/** Places in `available_filter_functions`, from 1: with names, ftrace searches its list for each. */
async function filterIndexes(functions: ReadonlySet<string>): Promise<string> {
  const available = await Deno.readTextFile(`${TRACEFS}/available_filter_functions`);
  const indexes = available.split("\n").flatMap((line, index) =>
    functions.has(line) ? [index + 1] : []
  );
  return indexes.join(" ") + "\n";
}
