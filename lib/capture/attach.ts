/** From a plan to programs in the kernel, whichever the backend. */
import { attachFtrace } from "../bpf/attach/ftrace.ts";
import { attachKprobe } from "../bpf/attach/kprobe.ts";
import { attachKprobeMulti } from "../bpf/attach/kprobe_multi.ts";
import type { Attachment, AttachObserver } from "../bpf/attach/attachment.ts";
import { isTracing } from "../bpf/attach/method.ts";
import type { Rings } from "../bpf/rings.ts";
import { Tracer } from "../bpf/programs.ts";
import { errnoText, IpftError } from "../base/errors.ts";
import { raiseFileLimit } from "../ffi/libc.ts";
import type { MarkCondition } from "../filter/packet_filter.ts";
import type { TracePlan } from "./plan.ts";

/**
 * Loads the tracer for a plan.
 * @param onLog called with each line that libbpf or the verifier logs
 * @param module from `linkModule`; undefined without a module
 * @throws IpftError when the kernel refuses the module or the programs
 */
export function loadTracer(
  { backend, method, btfIds, functions }: TracePlan,
  { value: mark, mask }: MarkCondition,
  rings: Rings,
  onLog?: (line: string) => void,
  module?: Uint8Array<ArrayBuffer>,
): Tracer {
  return Tracer.load({
    backend,
    method,
    btfIds,
    mark,
    mask,
    rings,
    functionsByPosition: new Map(
      Array.from(
        Map.groupBy(functions, ({ skbPosition }) => skbPosition),
        ([position, all]) => [position, all.map(({ name }) => name)],
      ),
    ),
    addresses: isTracing(method) ? [] : functions.map(({ address = 0n }) => address),
    module,
    onLog,
  });
}

/** Files besides those of the attachment: Deno's own, maps, output. */
const OTHER_FILES = 1024;

/**
 * Attaches a loaded tracer to the functions of its plan.
 * @param setRlimit whether the limit on open files may be raised
 * @throws IpftError when the kernel refuses them all; what `observer` rejects with
 */
export async function attach(
  { backend, method, functions, capabilities }: TracePlan,
  tracer: Tracer,
  observer: AttachObserver,
  setRlimit = true,
): Promise<Attachment> {
  // One by one, a function takes up to four files: a program and a link, for entry and return.
  if (setRlimit) raiseFileLimit(OTHER_FILES + 4 * functions.length);
  const ringsInserted = tracer.insertRings();
  const attachment = backend === "kprobe-multi"
    ? attachKprobeMulti(tracer, method, functions)
    : backend === "kprobe"
    ? await attachKprobe(tracer, functions, capabilities.perfEventLink, observer)
    : await attachFtrace(tracer, functions, observer);
  const { refused } = attachment;
  const ringsResult = await ringsInserted;
  if (ringsResult === 0 && refused.length < functions.length) return attachment;
  attachment[Symbol.dispose]();
  if (ringsResult < 0) throw new Error(`ipft_rings: ${errnoText(ringsResult)}`);
  throw new IpftError(
    `the kernel refused to attach ${backend} to any function: ${refused[0].reason}`,
    "try another --backend (see: ipft doctor)",
  );
}
