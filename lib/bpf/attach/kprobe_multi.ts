import { errnoText, IpftError } from "../../base/errors.ts";
import {
  createKprobeMultiLink,
  kprobeMultiMissed,
  type KprobeMultiPoint,
  programRecursionMisses,
} from "../../ffi/bpf.ts";
import type { BpfProgram } from "../../ffi/libbpf.ts";
import { type Attachment, FileDescriptors, sumKnown } from "./attachment.ts";
import type { SkbFunction } from "../../kernel/skb_function.ts";
import type { Method } from "./method.ts";
import type { Tracer } from "../programs.ts";

/**
 * Attaches through fprobe (Linux 5.18+ with CONFIG_FPROBE): one link for each position of the skb, all
 * functions at once.
 *
 * @param method with sessions (Linux 6.10+) these links see returns as well; as a pair, one more link
 *   on all functions does
 * @param functions all with their addresses
 * @throws IpftError when the kernel refuses a link
 */
export function attachKprobeMulti(
  tracer: Tracer,
  method: Method,
  functions: readonly SkbFunction[],
): Attachment {
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
    // Returns first, so that no entry is seen whose return is not.
    if (tracer.exitProgram) link("return", tracer.exitProgram, indexes);
    const point = method === "kprobe-session" ? "session" : "entry";
    for (const [position, indexes] of byPosition) link(point, tracer.program(position), indexes);
  } catch (error) {
    links[Symbol.dispose]();
    throw error;
  }
  return {
    refused: [],
    missed: () =>
      sumKnown([
        ...programFds.map(programRecursionMisses),
        ...Array.from(links, kprobeMultiMissed),
      ]),
    [Symbol.dispose]: () => links[Symbol.dispose](),
  };
}
