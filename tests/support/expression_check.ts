/** Holds what an expression says in the kernel against libpcap's own interpreter, for generated packets. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { compileExpression } from "../../lib/ffi/libpcap.ts";
import { IpftError } from "../../lib/base/errors.ts";
import type { ClassicProgram } from "../../lib/filter/classic.ts";
import type { BtfIds } from "../../lib/kernel/btf_ids.ts";
import { runClassic } from "./classic_reference.ts";
import { type DescribedSkb, ExpressionRunner, type Verdict } from "./expression_runner.ts";
import { type Frame, frames, texts } from "./expressions.ts";

/** Where a frame begins in the memory of an skb, and its network header. */
const BEGIN = 64, NETWORK = BEGIN + 14;
const VLAN = 0x8100, TCI = 5;

/** How many bytes are cut off for fragments. */
const CUTS = [1, 3, 10, 17, 25, 33, 50];

/** Numbers of checks. */
export interface Checked {
  expressions: number;
  packets: number;
  matches: number;
  /** Of packets that have bytes in their first fragment, how many were undecided. */
  undecided: number;
}

/**
 * Checks generated expressions.
 * @param count how many are generated; those that libpcap refuses are left out
 * @param packets how many frames each is run with
 */
export async function checkExpressions(
  ids: BtfIds,
  { count, packets, seed }: { count: number; packets: number; seed: number },
): Promise<Checked> {
  const checked: Checked = { expressions: 0, packets: 0, matches: 0, undecided: 0 };
  for (const [i, text] of fc.sample(texts, { numRuns: count, seed }).entries()) {
    const program = compiled(text);
    if (program === undefined) continue;
    checked.expressions++;
    using runner = await ExpressionRunner.load(program, ids);
    for (const frame of fc.sample(frames, { numRuns: packets, seed: seed + i })) {
      for (const { name, skb, expected } of cases(text, program, frame)) {
        const verdict = runner.run(skb);
        const isRight = expected.includes(verdict);
        assert(isRight, `${name}: '${text}' says ${verdict} of ${bytesOf(frame).toHex()}`);
        checked.packets++;
        if (verdict === "match") checked.matches++;
        if (verdict === "undecided" && skb.fragment) checked.undecided++;
      }
    }
  }
  return checked;
}

/** Returns the program of an expression; undefined if libpcap refuses it. */
export function compiled(text: string): ClassicProgram | undefined {
  try {
    return compileExpression(text);
  } catch (error) {
    if (error instanceof IpftError) return undefined;
    throw error;
  }
}

interface Case {
  readonly name: string;
  readonly skb: DescribedSkb;
  readonly expected: readonly Verdict[];
}

/** A frame in all the ways in which an skb may have it. */
function* cases(text: string, program: ClassicProgram, frame: Frame): Generator<Case> {
  const bytes = bytesOf(frame), { addresses, rest } = frame;
  const says = (bytes: Uint8Array): Verdict => runClassic(program, bytes) ? "match" : "no match";
  const memory = inMemory(bytes), expected = [says(bytes)];
  yield {
    name: "all headers",
    skb: { memory, macHeader: BEGIN, networkHeader: NETWORK },
    expected,
  };
  yield { name: "link-layer header only", skb: { memory, macHeader: BEGIN }, expected };
  yield {
    name: "link-layer header of a packet within",
    skb: { memory, macHeader: BEGIN, networkHeader: NETWORK - 20 },
    expected: ["match", "no match", "undecided"],
  };
  yield { name: "no headers yet", skb: { memory }, expected: ["no match"] };
  // Also all but the link-layer header.
  for (const cut of [...CUTS, rest.length - 2].filter((cut) => cut < rest.length)) {
    const skb = {
      memory: memory.subarray(0, memory.length - cut),
      macHeader: BEGIN,
      bytesInFragments: cut,
    };
    const orNot = [...expected, "undecided"] as const;
    yield { name: `${cut} bytes in fragments`, skb, expected: orNot };
    const fragment = bytes.subarray(bytes.length - cut);
    yield {
      name: `${cut} bytes in the first fragment`,
      skb: { ...skb, fragment },
      expected: orNot,
    };
  }

  const tagged = Uint8Array.from([...addresses, VLAN >> 8, VLAN & 0xff, 0, TCI, ...rest]);
  const isAboutTags = program.some(({ k }) => [VLAN, 0x88a8, 0x9100].includes(k));
  const ofTagged = [says(isAboutTags ? tagged : bytes)];
  yield {
    name: "tag beside the frame",
    skb: { memory, macHeader: BEGIN, tag: [VLAN, TCI] },
    expected: ofTagged,
  };
  // Without the tag the frame is shorter.
  if (isAboutTags || !/len|less|greater/.test(text)) {
    yield {
      name: "tag in the frame",
      skb: { memory: inMemory(tagged), macHeader: BEGIN },
      expected: ofTagged,
    };
  }

  const type = rest[0] << 8 | rest[1], version = rest[2] >> 4;
  const isIp = type === 0x0800 && version === 4 || type === 0x86dd && version === 6;
  // What addresses it has is not known yet.
  if (/ether|llc|stp|ipx/.test(text) || !(isIp || type === 0x0806)) return;
  const network = inMemory(bytes.subarray(14));
  yield {
    name: "no link-layer header",
    skb: { memory: network, networkHeader: BEGIN, protocol: type },
    expected,
  };
  if (isIp) {
    yield { name: "no protocol yet", skb: { memory: network, networkHeader: BEGIN }, expected };
  }
}

function bytesOf({ addresses, rest }: Frame): Uint8Array {
  return Uint8Array.from([...addresses, ...rest]);
}

function inMemory(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(BEGIN + bytes.length);
  memory.set(bytes, BEGIN);
  return memory;
}
