import { BtfKind } from "../../lib/btf/btf_kind.ts";

const encoder = new TextEncoder();

/** Writes small BTF, type by type; every method returns the id of the type that it added. */
export class BtfBuilder {
  readonly #firstId: number;
  readonly #firstString: number;
  readonly #words: number[] = [];
  #strings: string;
  #count = 0;

  /** @param base what split BTF continues */
  constructor(readonly base?: BtfBuilder) {
    this.#firstId = base ? base.endId : 1;
    this.#firstString = base ? base.endString : 0;
    this.#strings = base ? "" : "\0";
  }

  get endId(): number {
    return this.#firstId + this.#count;
  }

  get endString(): number {
    return this.#firstString + this.#strings.length;
  }

  /** @param info vlen, or the linkage of a FUNC */
  add(kind: number, name: string, info: number, sizeOrType: number, ...more: number[]): number {
    this.#words.push(this.string(name), kind << 24 | info, sizeOrType, ...more);
    return this.#firstId + this.#count++;
  }

  int(name: string, sizeBytes: number): number {
    return this.add(BtfKind.INT, name, 0, sizeBytes, sizeBytes * 8);
  }

  pointer(to: number): number {
    return this.add(BtfKind.PTR, "", 0, to);
  }

  struct(name: string, sizeBytes: number, ...members: [name: string, type: number, bit: number][]) {
    const words = members.flatMap(([member, type, bit]) => [this.string(member), type, bit]);
    return this.add(BtfKind.STRUCT, name, members.length, sizeBytes, ...words);
  }

  prototype(returns: number, ...parameters: number[]): number {
    const words = parameters.flatMap((type) => [this.string("p"), type]);
    return this.add(BtfKind.FUNC_PROTO, "", parameters.length, returns, ...words);
  }

  /** A static FUNC of a new FUNC_PROTO. */
  func(name: string, ...parameters: number[]): number {
    return this.add(BtfKind.FUNC, name, 0, this.prototype(0, ...parameters));
  }

  /** Offset of a string that is written anew; 0, the empty one, for "". */
  string(text: string): number {
    if (text === "") return 0;
    const offset = this.endString;
    this.#strings += `${text}\0`;
    return offset;
  }

  build(): Uint8Array {
    const types = new Uint8Array(Uint32Array.from(this.#words).buffer);
    const strings = encoder.encode(this.#strings);
    const header = new DataView(new ArrayBuffer(24));
    header.setUint16(0, 0xeb9f, true);
    header.setUint8(2, 1);
    header.setUint32(4, 24, true);
    header.setUint32(12, types.length, true);
    header.setUint32(16, types.length, true);
    header.setUint32(20, strings.length, true);
    return Uint8Array.from([...new Uint8Array(header.buffer), ...types, ...strings]);
  }
}

/** One type of every kind, each with what its kind adds. */
export function sampleBuilder(): BtfBuilder {
  const btf = new BtfBuilder();
  const int = btf.int("int", 4);
  const skb = btf.struct("sk_buff", 232, ["len", int, 896], ["next", 4, 0]);
  const constant = btf.add(BtfKind.CONST, "", 0, skb);
  const pointer = btf.pointer(constant);
  btf.add(BtfKind.ARRAY, "", 0, 0, int, int, 48);
  btf.add(BtfKind.UNION, "", 1, 4, btf.string("mark"), int, 0);
  btf.add(BtfKind.ENUM, "verdict", 2, 4, btf.string("DROP"), 0, btf.string("ACCEPT"), 1);
  btf.add(BtfKind.FWD, "net", 0, 0);
  const typedef = btf.add(BtfKind.TYPEDEF, "packet", 0, pointer);
  btf.add(BtfKind.VOLATILE, "", 0, typedef);
  btf.add(BtfKind.RESTRICT, "", 0, pointer);
  const func = btf.func("ip_rcv", typedef, int);
  const variable = btf.add(BtfKind.VAR, "jiffies", 0, int, 1);
  btf.add(BtfKind.DATASEC, ".data", 1, 4, variable, 0, 4);
  btf.add(BtfKind.FLOAT, "double", 0, 8);
  btf.add(BtfKind.DECL_TAG, "bpf_kfunc", 0, func, -1);
  btf.add(BtfKind.TYPE_TAG, "rcu", 0, skb);
  btf.add(BtfKind.ENUM64, "wide", 1, 8, btf.string("TOP"), 1, 0x80000000);
  return btf;
}
