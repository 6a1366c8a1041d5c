import { BtfKind } from "../btf/btf_kind.ts";
import { readBtfSections } from "../btf/btf_sections.ts";
import { BtfTable, COMMON_WORDS, KIND_SHIFT } from "../btf/btf_table.ts";

/** `struct btf_header` (include/uapi/linux/btf.h). */
const HEADER_BYTES = 24, MAGIC = 0xeb9f, VERSION = 1;

/**
 * A copy of BTF in which all parameters of a function are `void *`, as the tracer declares `module`:
 * the linker compares the types on both sides, and modules have a `struct sk_buff` of their own.
 *
 * @param prototype id of the function's FUNC_PROTO
 * @param source what messages call the BTF
 */
export function withVoidParameters(
  btf: Uint8Array,
  prototype: number,
  parameterCount: number,
  source: string,
): Uint8Array {
  const { types, strings } = readBtfSections(btf, source, false);
  const { starts, firstId, endId: voidPointer } = new BtfTable(btf, source);
  const words = new Uint32Array(types.length + COMMON_WORDS); // the last type is void *
  words.set(types);
  words[types.length + 1] = BtfKind.PTR << KIND_SHIFT;
  for (let index = 0; index < parameterCount; index++) {
    // Each parameter: its name, its type.
    words[starts[prototype - firstId] + COMMON_WORDS + index * 2 + 1] = voidPointer;
  }
  const changed = new Uint8Array(HEADER_BYTES + words.byteLength + strings.length);
  const header = new DataView(changed.buffer, 0, HEADER_BYTES);
  header.setUint16(0, MAGIC, true);
  header.setUint8(2, VERSION);
  header.setUint32(4, HEADER_BYTES, true);
  header.setUint32(12, words.byteLength, true);
  header.setUint32(16, words.byteLength, true);
  header.setUint32(20, strings.length, true);
  changed.set(new Uint8Array(words.buffer), HEADER_BYTES);
  changed.set(strings, HEADER_BYTES + words.byteLength);
  return changed;
}
