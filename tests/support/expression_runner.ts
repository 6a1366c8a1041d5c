import assert from "node:assert/strict";
import { filterCode } from "../../lib/bpf/filter_code.ts";
import { FILTER_FUNCTION } from "../../lib/bpf/image.ts";
import { byPlaceholder, CALLS, fillPlaceholders, NUMBERS } from "../../lib/bpf/placeholders.ts";
import { withBody } from "../../lib/bpf/splice.ts";
import { BpfObject } from "../../lib/ffi/libbpf.ts";
import { bpf, Mapping } from "../../lib/ffi/libc.ts";
import { silenceLibbpf } from "../../lib/ffi/log.ts";
import { addressOf } from "../../lib/ffi/memory.ts";
import type { ClassicProgram } from "../../lib/filter/classic.ts";
import type { BtfIds } from "../../lib/kernel/btf_ids.ts";
import type { FragmentLayout } from "../../lib/kernel/skb_layout.ts";

/** An skb, and what is in its memory. */
export interface DescribedSkb {
  /** The linear part, as of skb->head. */
  readonly memory: Uint8Array;
  /** Offsets in it. 0 and 0xffff if they are not set, as in a new skb. */
  readonly networkHeader?: number;
  readonly macHeader?: number;
  readonly protocol?: number;
  /** What is in the first page fragment. Without it, fragments cannot be read. */
  readonly fragment?: Uint8Array;
  /** A VLAN tag beside the frame: its protocol and TCI. */
  readonly tag?: readonly [protocol: number, tci: number];
  readonly bytesInFragments?: number;
}

/** What an expression says of a packet, by what `ipft_filter` returns. */
const VERDICTS = ["no match", "match", "undecided"] as const;
export type Verdict = typeof VERDICTS[number];

/** Offsets in `struct described` of expression_runner.bpf.c. */
const DESCRIBED = {
  result: 6,
  shared: 8,
  bases: 6,
  memory: 64 + 512,
  memoryBytes: 4096,
  fragment: 64 + 512 + 4096,
  sizeBytes: 64 + 512 + 2 * 4096,
} as const;

/** Where the description of fragments is in the memory of an skb. */
const SHARED = 3072;

/** Runs an expression in the kernel, for skbs that are described. */
export class ExpressionRunner implements Disposable {
  readonly #resources = new DisposableStack();
  readonly #program: number;
  readonly #words: Uint32Array;
  readonly #bases: BigUint64Array;
  readonly #memory: Uint8Array;
  readonly #fragment: Uint8Array;
  readonly #layout: FragmentLayout | undefined;

  private constructor(object: BpfObject, layout: FragmentLayout | undefined) {
    this.#resources.use(object);
    this.#program = object.program("run").fd;
    const described = new Mapping(object.map("described").fd, 0, DESCRIBED.sizeBytes, "read-write");
    this.#resources.use(described);
    this.#words = new Uint32Array(described.memory, 0, 16);
    this.#bases = new BigUint64Array(described.memory, 8 * DESCRIBED.bases, 2);
    this.#memory = new Uint8Array(described.memory, DESCRIBED.memory, DESCRIBED.memoryBytes);
    this.#fragment = new Uint8Array(described.memory, DESCRIBED.fragment, DESCRIBED.memoryBytes);
    this.#layout = layout;
  }

  /** Loads expressions as a trace of a kernel with these ids would. */
  static async load(
    expression: ClassicProgram | undefined,
    btfIds: BtfIds,
    inner?: ClassicProgram,
  ): Promise<ExpressionRunner> {
    const elf = Deno.readFileSync(new URL("./expression_runner.bpf.o", import.meta.url));
    const { numbers, expression: body } = filterCode({ expression, inner }, btfIds);
    fillPlaceholders(elf, byPlaceholder(NUMBERS, numbers), byPlaceholder(CALLS, btfIds));
    silenceLibbpf();
    const object = new BpfObject(withBody(elf, FILTER_FUNCTION, body!), "runner");
    assert.equal(await object.load(), 0);
    return new ExpressionRunner(object, btfIds.skbLayout?.fragments);
  }

  run(skb: DescribedSkb): Verdict {
    const { memory, networkHeader = 0, macHeader = 0xffff, protocol = 0, tag } = skb;
    const [tagProtocol, tci] = tag ?? [0, 0];
    this.#memory.fill(0xee).set(memory);
    this.#describe(skb.fragment);
    this.#words.set([
      networkHeader,
      macHeader,
      protocol,
      tagProtocol * 2 ** 16 + tci,
      memory.length,
      skb.bytesInFragments ?? 0,
      0,
      SHARED,
    ]);
    runOnce(this.#program);
    return VERDICTS[this.#words[DESCRIBED.result]];
  }

  /** Describes a fragment, or none. */
  #describe(fragment: Uint8Array | undefined): void {
    const layout = this.#layout;
    this.#memory.fill(0, SHARED);
    this.#bases.fill(0n);
    if (fragment === undefined || layout === undefined) return;
    this.#fragment.fill(0xee).set(fragment);
    this.#memory[SHARED + layout.count] = 1;
    const { page, length, offset, pageStructShift } = layout;
    this.#words.set([page, length, offset, pageStructShift], DESCRIBED.shared);
    const address = ([high, low]: readonly [number, number]) => BigInt(high) << 32n | BigInt(low);
    this.#bases.set([layout.vmemmapBase, layout.pageOffsetBase].map(address));
  }

  [Symbol.dispose](): void {
    this.#resources[Symbol.dispose]();
  }
}

/** Runs a loaded program with a packet that it does not look at. */
function runOnce(fd: number): void {
  const TEST_RUN = 10, attr = new Uint8Array(80), view = new DataView(attr.buffer);
  view.setUint32(0, fd, true);
  view.setUint32(8, PACKET.length, true);
  view.setBigUint64(16, addressOf(PACKET), true);
  assert.equal(bpf(TEST_RUN, attr), 0);
}

const PACKET = new Uint8Array(64);
