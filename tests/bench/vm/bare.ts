/**
 * `bare.ts OBJECT PROGRAM`: attaches a program of /mnt/extras to the functions that ipft traces, with as many
 * links, until SIGINT. It measures costs that no tool can avoid.
 *
 * @module
 */
import { errnoText, IpftError } from "../../../lib/base/errors.ts";
import { AttachType, createKprobeMultiLink } from "../../../lib/ffi/bpf.ts";
import { BpfObject } from "../../../lib/ffi/libbpf.ts";
import { inspectKernel } from "../../../lib/kernel/inspect.ts";
import { planTrace } from "../../../lib/capture/plan.ts";

const [objectName, programName] = Deno.args;

const stop = Promise.withResolvers<void>();
Deno.addSignalListener("SIGINT", stop.resolve);

const { functions } = planTrace(await inspectKernel(() => {}), {
  tracer: "function",
  backend: "kprobe-multi",
  functions: {},
});
using object = new BpfObject(Deno.readFileSync(`/mnt/extras/${objectName}`), objectName);
const program = object.program(programName);
program.expectedAttachType = AttachType.traceKprobeMulti;
throwOn(await object.load());
for (const group of Map.groupBy(functions, ({ skbPosition }) => skbPosition).values()) {
  const addresses = BigUint64Array.from(group, ({ address }) => address!);
  throwOn(createKprobeMultiLink(program.fd, "entry", addresses));
}
console.error(`Attached to ${functions.length} functions.\nready`);
await stop.promise;
// The kernel closes the links with the process.
Deno.exit(0);

function throwOn(result: number): void {
  if (result < 0) throw new IpftError(`cannot attach ${programName}: ${errnoText(result)}`);
}
