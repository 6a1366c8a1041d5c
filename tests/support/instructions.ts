/** eBPF instructions, to look at and to write. */
export interface Instruction {
  readonly code: number;
  readonly destination: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
}

/** The fields of some `struct bpf_insn`. */
export function decode(bytes: Uint8Array): Instruction[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, i) => ({
    code: bytes[i * 8],
    destination: bytes[i * 8 + 1] & 0xf,
    source: bytes[i * 8 + 1] >>> 4,
    offset: view.getInt16(i * 8 + 2, true),
    immediate: view.getInt32(i * 8 + 4, true),
  }));
}

/** Instructions as bytes; fields that are left out are 0. */
export function encode(instructions: readonly Partial<Instruction>[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(
    ({ code = 0, destination = 0, source = 0, offset = 0, immediate = 0 }, i) => {
      view.setUint8(i * 8, code);
      view.setUint8(i * 8 + 1, source << 4 | destination);
      view.setInt16(i * 8 + 2, offset, true);
      view.setInt32(i * 8 + 4, immediate, true);
    },
  );
  return new Uint8Array(view.buffer);
}
