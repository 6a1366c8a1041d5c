import { errnoText, IpftError } from "../../base/errors.ts";
import {
  AttachType,
  createKprobeMultiLink,
  kprobeMultiMissed,
  type KprobeMultiPoint,
  programRecursionMisses,
} from "../../ffi/bpf.ts";
import type { BpfProgram } from "../../ffi/libbpf.ts";
import { type Attachment, FileDescriptors, sumKnown } from "./attachment.ts";
import type { AttachTarget, Backend } from "./backend.ts";

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

/** @throws IpftError when the kernel refuses a link: it takes all functions or none */
function attach(
  { programs, functions }: AttachTarget,
  entryPoint: KprobeMultiPoint,
): Promise<Attachment> {
  const links = new FileDescriptors();
  const programFds: number[] = [];
  const link = (point: KprobeMultiPoint, program: BpfProgram, indexes: readonly number[]) => {
    const fd = createKprobeMultiLink(
      program.fd,
      point,
      BigUint64Array.from(indexes, (index) => functions[index].address ?? 0n),
    );
    if (fd < 0) {
      throw new IpftError(
        `the kernel refused a kprobe-multi link on ${indexes.length} functions: ${errnoText(fd)}`,
        "try another --backend (see: ipft doctor)",
      );
    }
    links.add(fd);
    programFds.push(program.fd);
  };
  const indexes = Array.from(functions.keys());
  const byPosition = Map.groupBy(indexes, (index) => functions[index].skbPosition);
  try {
    // Returns first, so that no call has an entry without a return.
    if (programs.exit) link("return", programs.exit, indexes);
    for (const [position, indexes] of byPosition) {
      link(entryPoint, programs.entry(position), indexes);
    }
  } catch (error) {
    links[Symbol.dispose]();
    return Promise.reject(error);
  }
  return Promise.resolve({
    refused: [],
    missed: () =>
      sumKnown([
        ...programFds.map(programRecursionMisses),
        ...Array.from(links, kprobeMultiMissed),
      ]),
    [Symbol.dispose]: () => links[Symbol.dispose](),
  });
}
