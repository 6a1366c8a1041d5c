/** Runs classic BPF in libpcap's own interpreter: what other implementations are compared with. */
import assert from "node:assert/strict";
import type { ClassicInstruction } from "../../lib/ffi/libpcap.ts";

const LIBRARY = new URL("../../lib/ffi/native/libpcap.so.1", import.meta.url).pathname;

const { symbols } = Deno.dlopen(LIBRARY, {
  /* const struct bpf_insn *, int length */
  bpf_validate: { parameters: ["buffer", "i32"], result: "i32" },
  /* const struct bpf_insn *, const u_char *packet, u_int wirelen, u_int buflen */
  bpf_filter: { parameters: ["buffer", "buffer", "u32", "u32"], result: "u32" },
});

/**
 * Returns what a program returns for a packet: 0 when the packet does not match.
 * @param packet the bytes that there are, from the Ethernet header on
 * @param wireLength what `len` in an expression means, in bytes
 */
export function runClassic(
  program: readonly ClassicInstruction[],
  packet: Uint8Array,
  wireLength = packet.length,
): number {
  const bytes = new Uint8Array(program.length * 8), view = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, i) => {
    view.setUint16(i * 8, code, true);
    view.setUint8(i * 8 + 2, jt);
    view.setUint8(i * 8 + 3, jf);
    view.setUint32(i * 8 + 4, k, true);
  });
  assert.equal(symbols.bpf_validate(bytes, program.length), 1, "the program is not valid");
  return symbols.bpf_filter(bytes, packet.slice(), wireLength, packet.length);
}
