/**
 * Binds libpcap's compiler, which turns an expression (pcap-filter(7)) into classic BPF.
 *
 * The bundled library (package/libpcap/) sends no packets: hosts have to be given by their addresses. Names
 * of ports and protocols are looked up in /etc/services and /etc/protocols, networks in /etc/networks and
 * Ethernet addresses in /etc/ethers. A minimal container lacks these files; there, `port https` and
 * `ip proto \tcp` are unknown, `port 443`, `ip proto 6` and keywords such as `tcp` work. Another library,
 * which `$IPFT_LIBPCAP` names, may ask DNS.
 */
import { environment } from "../base/environment.ts";
import { IpftError, usageError } from "../base/errors.ts";
import { bundledLibrary, type Functions, openSymbols } from "./library.ts";
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

/** What an expression is called, by where it is given. */
export type ExpressionName = "expression" | "--inner";

/** `struct bpf_insn` of pcap-bpf.h: u16 code, u8 jt, u8 jf, u32 k. */
export interface ClassicInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Constants of pcap/dlt.h, pcap/pcap.h and pcap/bpf.h. The snaplen is tcpdump's. */
const DLT_EN10MB = 1, SNAPLEN_BYTES = 262144, OPTIMIZE = 1, PCAP_NETMASK_UNKNOWN = 0xffffffff;
const INSTRUCTION_BYTES = 8, PCAP_ERRBUF_SIZE = 256;

/**
 * The most that is given to libpcap. Its optimizer takes time with the third power of the conditions: for
 * 256 ports 1.5 s, for 500 already 11 s. It also recurses from each condition to the next, and the stack
 * overflows at some ten thousand of them.
 */
const MAX_CONDITIONS = 256, MAX_CHARACTERS = 16384;

/** The most of an expression that a message repeats. */
const SHOWN_CHARACTERS = 60;

const MANUAL = "see pcap-filter(7)";

/** What to do about what libpcap says, where that is more than to read the manual page. */
const REMEDIES: readonly (readonly [reason: RegExp, remedy: string])[] = [
  [/^unknown host /, "give its address: ipft does not look up the names of hosts"],
  [/^unknown port /, "give its number: /etc/services does not have this name"],
  [/^unknown (?:ip proto|protocol)/, "give its number: /etc/protocols does not have this name"],
];

let opened: Functions<typeof SYMBOLS> | undefined;

/** Returns the functions of libpcap, which is opened at the first call: most traces do without it. */
function libpcap() {
  return opened ??= openSymbols(
    environment("IPFT_LIBPCAP") || bundledLibrary("libpcap.so.1"),
    SYMBOLS,
    "run make bpf, or set IPFT_LIBPCAP to a libpcap.so",
  );
}

/** Returns the version of libpcap: `1.10.3`. @throws IpftError when libpcap cannot be opened */
export function libpcapVersion(): string {
  // What it was built with may follow: "libpcap version 1.10.3 (with TPACKET_V3)".
  return textAt(libpcap().pcap_lib_version()!).replace(/^libpcap version (\S+).*$/, "$1");
}

/**
 * Compiles an expression for Ethernet frames. The program returns 0 for a frame that does not match; the
 * empty expression matches every frame.
 *
 * What libpcap compiles for a packet socket is among the results: loads of metadata at negative offsets
 * (`inbound`, `ifindex`), and, with `protochain`, jumps backwards.
 * @param name what messages call it
 * @throws IpftError for wrong usage, when libpcap refuses the expression or it is too long
 */
export function compileExpression(
  expression: string,
  name: ExpressionName = "expression",
): ClassicInstruction[] {
  checkSize(expression, name);
  const pcap = libpcap();
  const handle = pcap.pcap_open_dead(DLT_EN10MB, SNAPLEN_BYTES);
  if (handle === null) throw new IpftError("libpcap is out of memory");
  try {
    const program = new BigUint64Array(2); // struct bpf_program { u_int bf_len; struct bpf_insn *bf_insns; }
    const source = cString(expression);
    if (pcap.pcap_compile(handle, program, source, OPTIMIZE, PCAP_NETMASK_UNKNOWN) !== 0) {
      throw refused(name, expression, textAt(pcap.pcap_geterr(handle)!).trim());
    }
    const instructions = instructionsOf(program);
    pcap.pcap_freecode(program);
    return instructions;
  } finally {
    pcap.pcap_close(handle);
  }
}

/** @throws IpftError when an expression is not to be given to libpcap */
function checkSize(expression: string, name: ExpressionName): void {
  if (expression.includes("\0")) throw refused(name, expression, "it has a NUL byte");
  const operators = expression.match(/\b(?:and|or)\b|&&|\|\|/g)?.length ?? 0;
  if (operators < MAX_CONDITIONS && expression.length <= MAX_CHARACTERS) return;
  throw refused(
    name,
    expression,
    `it is too long, with more than ${MAX_CONDITIONS} conditions or ${MAX_CHARACTERS} characters`,
    "give networks (net 10.0.0.0/8) and ranges of ports (portrange 1-1023) instead",
  );
}

/** Makes the error for an expression. */
function refused(
  name: ExpressionName,
  expression: string,
  reason: string,
  remedy = REMEDIES.find(([pattern]) => pattern.test(reason))?.[1] ?? MANUAL,
): IpftError {
  const characters = [...expression.slice(0, 2 * SHOWN_CHARACTERS)];
  const shown = characters.length > SHOWN_CHARACTERS
    ? characters.slice(0, SHOWN_CHARACTERS).join("") + "…"
    : expression;
  return usageError(`${name} '${shown}': ${reason}`, remedy);
}

/** Copies the instructions of a `struct bpf_program`. */
function instructionsOf([length, address]: BigUint64Array): ClassicInstruction[] {
  const count = Number(BigInt.asUintN(32, length));
  const pointer = Deno.UnsafePointer.create(address)!;
  const view = new DataView(memoryAt(pointer, count * INSTRUCTION_BYTES));
  return Array.from({ length: count }, (_, i) => ({
    code: view.getUint16(i * INSTRUCTION_BYTES, true),
    jt: view.getUint8(i * INSTRUCTION_BYTES + 2),
    jf: view.getUint8(i * INSTRUCTION_BYTES + 3),
    k: view.getUint32(i * INSTRUCTION_BYTES + 4, true),
  }));
}

/** Returns a text of libpcap. It may quote the expression and be cut off amid a character. */
function textAt(pointer: Deno.PointerObject): string {
  const view = new Deno.UnsafePointerView(pointer);
  const bytes: number[] = [];
  for (let byte; bytes.length < PCAP_ERRBUF_SIZE && (byte = view.getUint8(bytes.length)) !== 0;) {
    bytes.push(byte);
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
