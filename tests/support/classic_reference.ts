import type { ClassicInstruction } from "../../lib/ffi/libpcap.ts";
const lib = Deno.dlopen(new URL("../../lib/ffi/native/libpcap.so.1", import.meta.url).pathname, {
  bpf_filter: { parameters: ["buffer", "buffer", "u32", "u32"], result: "u32" },
});
const cache = new WeakMap<object, Uint8Array<ArrayBuffer>>();
export function runClassic(
  program: readonly ClassicInstruction[],
  packet: Uint8Array,
  wireLength = packet.length,
): number {
  let b = cache.get(program);
  if (!b) {
    const v = new DataView(new ArrayBuffer(program.length * 8));
    program.forEach(({ code, jt, jf, k }, i) => {
      v.setUint16(i * 8, code, true);
      v.setUint8(i * 8 + 2, jt);
      v.setUint8(i * 8 + 3, jf);
      v.setUint32(i * 8 + 4, k, true);
    });
    b = new Uint8Array(v.buffer);
    cache.set(program, b);
  }
  return lib.symbols.bpf_filter(b, packet as Uint8Array<ArrayBuffer>, wireLength, packet.length);
}
