import {
  AttachType,
  createKprobeMultiLink,
  kprobeMultiMissed,
  type KprobeMultiPoint,
  programRecursionMisses,
} from "../../ffi/bpf.ts";
import type { BpfProgram } from "../../ffi/libbpf.ts";
import { type Attachment, FileDescriptors, sumIfAllKnown } from "./attachment.ts";
import type { AttachTarget, Backend } from "./backend.ts";
import { linkByHalves } from "./link_by_halves.ts";

/**
 * Attaches through fprobe (Linux 5.18+ with CONFIG_FPROBE), with one link for all functions that have the
 * skb at the same position.
 */
export const kprobeMulti = {
  name: "kprobe-multi",
  isOneByOne: false,
  reaches: ({ address }) => address !== undefined,
  methods: [
    {
      name: "kprobe-multi",
      tracer: "function",
      needs: ["ringBuffer", "kprobeMulti"],
      entry: "ipft_kprobe_",
      attachType: AttachType.traceKprobeMulti,
      attach: (target) => attach(target, "entry"),
    },
    {
      // Each link sees entries and returns.
      name: "kprobe-session",
      tracer: "function_graph",
      needs: ["ringBuffer", "kprobeSession"],
      entry: "ipft_session_",
      attachType: AttachType.traceKprobeSession,
      attach: (target) => attach(target, "session"),
    },
    {
      // One more link sees the returns of all functions.
      name: "kprobe-multi-pair",
      tracer: "function_graph",
      needs: ["ringBuffer", "kprobeMulti"],
      entry: "ipft_enter_",
      exit: "ipft_leave",
      attachType: AttachType.traceKprobeMulti,
      attach: (target) => attach(target, "entry"),
    },
  ],
} as const satisfies Backend;

function attach(
  { programs, functions, indexes }: AttachTarget,
  entryPoint: KprobeMultiPoint,
): Promise<Attachment> {
  const links = new FileDescriptors();
  const programFds = new Set<number>();
  const link = (point: KprobeMultiPoint, { fd }: BpfProgram, indexes: readonly number[]) => {
    programFds.add(fd);
    return linkByHalves(indexes, (some) => {
      const addresses = BigUint64Array.from(some, (index) => functions[index].address ?? 0n);
      const result = createKprobeMultiLink(fd, point, addresses);
      if (result >= 0) links.add(result);
      return result;
    });
  };
  // Returns first, so that no call has an entry without a return.
  const refused = programs.exit ? link("return", programs.exit, indexes) : [];
  const withoutReturn = new Set(refused.map(({ functionIndex }) => functionIndex));
  const byPosition = Map.groupBy(
    indexes.filter((index) => !withoutReturn.has(index)),
    (index) => functions[index].skbPosition,
  );
  for (const [position, indexes] of byPosition) {
    refused.push(...link(entryPoint, programs.entry(position), indexes));
  }
  return Promise.resolve({
    refused,
    missed: () =>
      sumIfAllKnown([
        ...Array.from(programFds, programRecursionMisses),
        ...Array.from(links, kprobeMultiMissed),
      ]),
    [Symbol.dispose]: () => links[Symbol.dispose](),
  });
}
