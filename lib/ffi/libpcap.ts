/**
 * Binds the compiler of libpcap, which turns an expression (pcap-filter(7)) into classic BPF.
 *
 * The bundled library (package/libpcap/) sends no packets: hosts are given by their addresses, and all
 * other names come from files.
 */
import { environment } from "../base/environment.ts";
import { IpftError, usageError } from "../base/errors.ts";
import { bundledLibrary, openSymbols } from "./library.ts";
import { cString, memoryAt } from "./memory.ts";

const SYMBOLS = {
  pcap_lib_version: { parameters: [], result: "pointer" },
  /* int linktype, int snaplen */
  pcap_open_dead: { parameters: ["i32", "i32"], result: "pointer" },
  /* pcap_t *, struct bpf_program *, const char *expression, int optimize, bpf_u_int32 netmask */
  pcap_compile: { parameters: ["pointer", "buffer", "buffer", "i32", "u32"], result: "i32" },
  pcap_geterr: { parameters: ["pointer"], result: "pointer" },
  /* struct bpf_program * */
  pcap_freecode: { parameters: ["buffer"], result: "void" },
  pcap_close: { parameters: ["pointer"], result: "void" },
} as const;

/** `struct bpf_insn` of pcap-bpf.h: u16 code, u8 jt, u8 jf, u32 k. */
export interface ClassicInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Numbers of pcap/dlt.h and pcap/pcap.h, and tcpdump's snaplen, which is what a program returns. */
const DLT_EN10MB = 1, SNAPLEN = 262144, OPTIMIZE = 1, PCAP_NETMASK_UNKNOWN = 0xffffffff;
const INSTRUCTION_BYTES = 8, PCAP_ERRBUF_SIZE = 256;

let opened: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

/** Opens the bundled libpcap, or that of `$IPFT_LIBPCAP`, at the first call. */
function libpcap() {
  return opened ??= openSymbols(
    environment("IPFT_LIBPCAP") || bundledLibrary("libpcap.so.1"),
    SYMBOLS,
    "run make bpf, or set IPFT_LIBPCAP to a libpcap.so of version 1.10 or later",
  );
}

/** Returns the version of libpcap: `1.10.3`. @throws IpftError when it cannot be opened */
export function libpcapVersion(): string {
  // "libpcap version 1.10.3", and what it was built with
  const text = cText(libpcap().pcap_lib_version()!);
  return /\d[\w.]*/.exec(text)?.[0] ?? text;
}

export function compileExpression(expression: string): ClassicInstruction[] {
  const pcap = libpcap();
  const handle = pcap.pcap_open_dead(DLT_EN10MB, SNAPLEN);
  if (handle === null) throw new IpftError("out of memory");
  try {
    // struct bpf_program { u_int bf_len; struct bpf_insn *bf_insns; }
    const program = new BigUint64Array(2);
    const source = cString(expression);
    if (pcap.pcap_compile(handle, program, source, OPTIMIZE, PCAP_NETMASK_UNKNOWN) !== 0) {
      throw usageError(`expression '${expression}': ${cText(pcap.pcap_geterr(handle)!)}`);
    }
    const [length, address] = program;
    const count = Number(length & 0xffffffffn);
    const view = new DataView(memoryAt(Deno.UnsafePointer.create(address)!, count * 8));
    const r = Array.from({ length: count }, (_, i) => ({
      code: view.getUint16(i * 8, true),
      jt: view.getUint8(i * 8 + 2),
      jf: view.getUint8(i * 8 + 3),
      k: view.getUint32(i * 8 + 4, true),
    }));
    pcap.pcap_freecode(program);
    return r;
  } finally {
    pcap.pcap_close(handle);
  }
}

function cText(pointer: Deno.PointerObject): string {
  const bytes = new Uint8Array(memoryAt(pointer, 256));
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
