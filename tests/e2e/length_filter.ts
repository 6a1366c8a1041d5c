/** A filter program, written by hand. */
import { BtfKind } from "../../lib/btf/btf_kind.ts";
import { Btf } from "../../lib/btf/btf.ts";
import { encode } from "../support/instructions.ts";

/** How many instructions that do nothing come first, to make the program long. */
const FILLING = 800;

const ADD = 0x07, MOVE = 0xb7, MOVE_REGISTER = 0xbf, CALL = 0x85, EXIT = 0x95, LOAD_WORD = 0x61;
const STORE_WORD = 0x62, JUMP_LESS = 0xa5, JUMP_GREATER = 0x25, STACK = 10;
const PROBE_READ_KERNEL = 113;

/** The lowest of the stack that a filter may use. */
const SLOT = -256;

/** Passes packets whose skb->len is within a range; for the running kernel. */
export function lengthFilter(min: number, max: number): Uint8Array<ArrayBuffer> {
  return encode([
    ...Array.from({ length: FILLING }, () => ({ code: ADD, destination: 1 })),
    { code: STORE_WORD, destination: STACK, offset: SLOT, immediate: 0 },
    { code: MOVE_REGISTER, destination: 3, source: 1 },
    { code: ADD, destination: 3, immediate: offsetOfLen() },
    { code: MOVE, destination: 2, immediate: 4 },
    { code: MOVE_REGISTER, destination: 1, source: STACK },
    { code: ADD, destination: 1, immediate: SLOT },
    { code: CALL, immediate: PROBE_READ_KERNEL },
    { code: LOAD_WORD, destination: 1, source: STACK, offset: SLOT },
    { code: MOVE, destination: 0, immediate: 0 },
    { code: JUMP_LESS, destination: 1, offset: 2, immediate: min },
    { code: JUMP_GREATER, destination: 1, offset: 1, immediate: max },
    { code: MOVE, destination: 0, immediate: 1 },
    { code: EXIT },
  ]);
}

/** Returns the byte offset of len in struct sk_buff. */
function offsetOfLen(): number {
  const source = "/sys/kernel/btf/vmlinux";
  const btf = Btf.parse(Deno.readFileSync(source), { source });
  const member = btf.members(btf.find(BtfKind.STRUCT, "sk_buff")!)
    .find(({ name }) => name === "len")!;
  return member.bitOffset / 8;
}
