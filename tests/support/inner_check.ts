/** Holds what two expressions say in the kernel, of a tunnel and what is in it, against libpcap's interpreter. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { compileExpression } from "../../lib/ffi/libpcap.ts";
import type { ClassicProgram } from "../../lib/filter/classic.ts";
import type { BtfIds } from "../../lib/kernel/btf_ids.ts";
import { runClassic } from "./classic_reference.ts";
import { type Checked, compiled } from "./expression_check.ts";
import { type DescribedSkb, ExpressionRunner, type Verdict } from "./expression_runner.ts";
import { texts } from "./expressions.ts";
import { type Tunneled, tunneled, withoutTags, withTags } from "./tunnels.ts";

/** Where a frame begins in the memory of an skb. */
const BEGIN = 64, TAG_BYTES = 4;

const TAGS: readonly (readonly number[])[] = [[0x81, 0, 0, 5], [0x88, 0xa8, 0, 3, 0x81, 0, 0, 5]];

interface Program {
  readonly text: string;
  readonly program: ClassicProgram;
  readonly showsTags: boolean;
}

/** Whether a frame matches, with its tags if the expression is about them. */
function matches({ program, showsTags }: Program, frame: Uint8Array): boolean {
  return runClassic(program, showsTags ? frame : withoutTags(frame)) !== 0;
}

/** Expressions about the packet, most of which match; undefined for none. */
const outerTexts = fc.oneof(
  fc.constantFrom(undefined, undefined, "ip or ip6", "udp or not udp", "less 2000", "vlan 5 or ip"),
  fc.constantFrom("host 10.0.0.1", "ip6", "udp port 4789", "ether host 02:00:00:00:00:01", "vlan"),
  fc.constantFrom("not vlan", "ip[ip[0] & 0xf:1] < 250", "vlan and ip6", "ip[9] = 47"),
  texts,
);

/**
 * Checks generated pairs of expressions.
 * @param count how many are generated; those that libpcap refuses are left out
 * @param packets how many packets each is run with
 */
export async function checkInner(
  ids: BtfIds,
  { count, packets, seed }: { count: number; packets: number; seed: number },
): Promise<Checked & { undecided: number }> {
  const checked = { expressions: 0, packets: 0, matches: 0, undecided: 0 };
  const pairs = fc.tuple(
    outerTexts,
    fc.oneof(texts, fc.constantFrom("", "ip or ip6", "greater 1")),
  );
  for (const [i, [outerText, innerText]] of fc.sample(pairs, { numRuns: count, seed }).entries()) {
    const outer = outerText === undefined ? undefined : programOf(outerText);
    const inner = programOf(innerText);
    if (inner === undefined || outerText !== undefined && outer === undefined) continue;
    checked.expressions++;
    using runner = await ExpressionRunner.load(outer?.program, ids, inner.program);
    for (const packet of fc.sample(tunneled, { numRuns: packets, seed: seed + i })) {
      if (!packet.hasAddresses && /ether|llc|stp|ipx/.test(inner.text)) continue;
      for (const { name, skb, expected } of cases(packet, outer, inner)) {
        const verdict = runner.run(skb);
        assert(
          expected.includes(verdict),
          `${name}: '${outerText}' and inner '${innerText}' say ${verdict} instead of ` +
            `${expected} of ${packet.frame.toHex()}`,
        );
        checked.packets++;
        if (verdict === "match") checked.matches++;
        if (verdict === "undecided") checked.undecided++;
      }
    }
  }
  return checked;
}

function programOf(text: string): Program | undefined {
  const program = text === "" ? compileExpression(text) : compiled(text);
  if (program === undefined) return undefined;
  return {
    text,
    program,
    showsTags: program.some(({ k, code }) =>
      (code & 7) === 5 && [0x8100, 0x88a8, 0x9100].includes(k)
    ),
  };
}

interface Case {
  readonly name: string;
  readonly skb: DescribedSkb;
  readonly expected: readonly Verdict[];
}

/** A packet in many of the ways in which an skb may have it. */
function* cases(packet: Tunneled, outer: Program | undefined, inner: Program): Generator<Case> {
  const { frame, headerBytes } = packet;
  /** What is to be said of the first bytes of the packet, with tags in the frame around or beside it. */
  const says = (bytes: number, tags: readonly number[] = []): Verdict[] => {
    const part = withTags(frame.subarray(0, bytes), tags);
    if (outer !== undefined && !matches(outer, part)) return ["no match"];
    const within = innerOf(packet, bytes);
    if (within === undefined || !inner.showsTags && endsWithinTag(within)) return ["no match"];
    return [matches(inner, within) ? "match" : "no match"];
  };
  const whole = says(frame.length), network = BEGIN + 14;
  const skb = { memory: inMemory(frame), macHeader: BEGIN, networkHeader: network };
  yield { name: "all headers", skb, expected: whole };
  yield {
    name: "tag beside the frame",
    skb: { ...skb, tag: [0x8100, 5] },
    expected: says(frame.length, TAGS[0]),
  };
  for (const tags of TAGS) {
    yield {
      name: "tags in the frame",
      skb: { memory: inMemory(withTags(frame, tags)), macHeader: BEGIN },
      expected: says(frame.length, tags),
    };
  }
  const type = frame[12] << 8 | frame[13], version = frame[14] >> 4;
  const isIp = type === 0x0800 && version === 4 || type === 0x86dd && version === 6;
  if (isIp && !/ether|llc|stp|ipx/.test(outer?.text ?? "")) {
    yield {
      name: "no link-layer header",
      skb: { memory: inMemory(frame.subarray(14)), networkHeader: BEGIN },
      expected: whole,
    };
    yield {
      name: "link-layer header of what is within",
      skb: {
        memory: inMemory(frame.subarray(14)),
        networkHeader: BEGIN,
        macHeader: BEGIN + headerBytes - 14,
      },
      expected: whole,
    };
  }
  const lengths = [15, 33, 34, 37, 40, 50, 54, 57, 60, 70, headerBytes - 1];
  for (const more of [0, 1, 13, 14, 16, 18, 22, 30, 40, 55, 70]) lengths.push(headerBytes + more);
  for (const bytes of lengths.filter((bytes) => bytes >= 14 && bytes < frame.length)) {
    const memory = inMemory(frame.subarray(0, bytes)), gone = frame.length - bytes;
    yield {
      name: `only ${bytes} bytes`,
      skb: { ...skb, memory },
      expected: says(bytes),
    };
    const isCertain = outer === undefined && packet.inner !== undefined &&
      bytes < headerBytes + (packet.hasAddresses ? 14 : 0) &&
      headerBytes + (packet.hasAddresses ? 14 : 0) <= frame.length;
    yield {
      name: `${bytes} bytes in the linear part`,
      skb: { ...skb, memory, bytesInFragments: gone },
      expected: isCertain ? ["undecided"] : [...whole, "undecided"],
    };
    if (bytes + TAG_BYTES > frame.length) continue;
    const tagged = withTags(frame, TAGS[0]).subarray(0, bytes + TAG_BYTES);
    yield {
      name: `a tag and ${bytes} bytes`,
      skb: { memory: inMemory(tagged), macHeader: BEGIN },
      expected: says(bytes, TAGS[0]),
    };
  }
}

/** Whether a frame has a tag, but nothing behind it: it says not what it is. */
function endsWithinTag(frame: Uint8Array): boolean {
  const { length } = withoutTags(frame);
  return length < 14 && length < frame.length;
}

/** The inner frame that the first bytes of a packet have. */
function innerOf(packet: Tunneled, bytes: number): Uint8Array | undefined {
  const { inner, headerBytes, hasAddresses } = packet, cut = packet.frame.length - bytes;
  if (inner === undefined || bytes < headerBytes) return undefined;
  const within = inner.subarray(0, inner.length - cut);
  return hasAddresses && within.length < 14 ? undefined : within;
}

function inMemory(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(BEGIN + bytes.length);
  memory.set(bytes, BEGIN);
  return memory;
}
