import { errnoText, IpftError } from "../errors.ts";
import { createKprobeMultiLink, kprobeMultiMissed, programRecursionMisses } from "../ffi/bpf.ts";
import { type Attachment, FileDescriptors, sumKnown } from "./attachment.ts";
import type { Tracer } from "./tracer.ts";

/**
 * Attaches through fprobe (Linux 5.18+ with CONFIG_FPROBE): one link for each position of the skb, all
 * functions at once. The cookie of an address is the function's index plus 1.
 *
 * @param addresses the functions' symbols, by index
 * @throws IpftError when the kernel refuses a link
 */
export function attachKprobeMulti(
  tracer: Tracer,
  functions: readonly { readonly skbPosition: number }[],
  addresses: BigUint64Array,
): Attachment {
  const indexesByPosition = new Map<number, number[]>();
  functions.forEach(({ skbPosition }, index) => {
    const indexes = indexesByPosition.get(skbPosition);
    if (indexes) indexes.push(index);
    else indexesByPosition.set(skbPosition, [index]);
  });
  const links = new FileDescriptors();
  const programFds: number[] = [];
  try {
    for (const [position, indexes] of indexesByPosition) {
      const programFd = tracer.program(position).fd;
      const link = createKprobeMultiLink(
        programFd,
        BigUint64Array.from(indexes, (index) => addresses[index]),
        BigUint64Array.from(indexes, (index) => BigInt(index + 1)),
      );
      if (link < 0) {
        throw new IpftError(
          `the kernel refused a kprobe-multi link on ${indexes.length} functions: ` +
            errnoText(link),
          "try --backend kprobe (see: ipft doctor)",
        );
      }
      links.add(link);
      programFds.push(programFd);
    }
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
