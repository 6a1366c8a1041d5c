/** Network addresses as text. They are in network byte order. */
import type { ByteBuilder } from "../../base/byte_builder.ts";

const DOT = 0x2e, COLON = 0x3a;

/** Appends `192.0.2.1`. */
export function appendIpv4(out: ByteBuilder, data: DataView, at: number): void {
  for (let i = 0; i < 4; i++) {
    if (i > 0) out.appendByte(DOT);
    out.appendDecimal(data.getUint8(at + i));
  }
}

/** Appends `52:54:00:12:34:56`. */
export function appendMac(out: ByteBuilder, data: DataView, at: number): void {
  for (let i = 0; i < 6; i++) {
    if (i > 0) out.appendByte(COLON);
    out.appendHex(data.getUint8(at + i), 2);
  }
}

/** Appends `2001:db8::1`, as RFC 5952 has it: the first longest run of two or more zeros is `::`. */
export function appendIpv6(out: ByteBuilder, data: DataView, at: number): void {
  const GROUPS = 8;
  let runStart = -1, runEnd = -1;
  for (let start = 0; start < GROUPS; start++) {
    let end = start;
    while (end < GROUPS && data.getUint16(at + end * 2) === 0) end++;
    if (end - start > Math.max(1, runEnd - runStart)) [runStart, runEnd] = [start, end];
    start = end;
  }
  // ::ffff:0:0/96 is an IPv4 address (section 5).
  const isIpv4 = runStart === 0 && runEnd === 5 && data.getUint16(at + 10) === 0xffff;
  const end = isIpv4 ? 6 : GROUPS;
  for (let group = 0; group < end; group++) {
    if (group === runStart) {
      out.appendByte(COLON);
      out.appendByte(COLON);
      group = runEnd - 1;
      continue;
    }
    if (group > 0 && group !== runEnd) out.appendByte(COLON);
    out.appendHex(data.getUint16(at + group * 2), 1);
  }
  if (!isIpv4) return;
  out.appendByte(COLON);
  appendIpv4(out, data, at + 12);
}
