import assert from "node:assert/strict";
import { filterCode } from "../../lib/bpf/filter_code.ts";
import { FILTER_FUNCTION } from "../../lib/bpf/image.ts";
import { byPlaceholder, CALLS, fillPlaceholders, NUMBERS } from "../../lib/bpf/placeholders.ts";
import { withBody } from "../../lib/bpf/splice.ts";
import { BpfObject } from "../../lib/ffi/libbpf.ts";
import { bpf, Mapping } from "../../lib/ffi/libc.ts";
import { LibbpfLog } from "../../lib/ffi/log.ts";
import { addressOf } from "../../lib/ffi/memory.ts";
import type { ClassicProgram } from "../../lib/filter/classic.ts";
import type { BtfIds } from "../../lib/kernel/btf_ids.ts";

/** An skb, and what is in its memory. */
export interface DescribedSkb {
  /** The linear part, as of skb->head. */
  readonly memory: Uint8Array;
  /** Offsets in it. 0 and 0xffff if they are not set, as in a new skb. */
  readonly networkHeader?: number;
  readonly macHeader?: number;
  readonly protocol?: number;
  /** A VLAN tag beside the frame: its protocol and TCI. */
  readonly tag?: readonly [protocol: number, tci: number];
  readonly bytesInFragments?: number;
}

/** What an expression says of a packet, by what `ipft_filter` returns. */
const VERDICTS = ["no match", "match", "undecided"] as const;
export type Verdict = typeof VERDICTS[number];

/** Offsets in `struct described` of expression_runner.bpf.c. */
const DESCRIBED = { result: 6, memory: 32 + 512, memoryBytes: 4096, sizeBytes: 4640 } as const;

/** Runs an expression in the kernel, for skbs that are described. */
export class ExpressionRunner implements Disposable {
  readonly #resources = new DisposableStack();
  readonly #program: number;
  readonly #words: Uint32Array;
  readonly #memory: Uint8Array;

  private constructor(object: BpfObject) {
    this.#resources.use(object);
    this.#program = object.program("run").fd;
    const described = new Mapping(object.map("described").fd, 0, DESCRIBED.sizeBytes, "read-write");
    this.#resources.use(described);
    this.#words = new Uint32Array(described.memory, 0, 8);
    this.#memory = new Uint8Array(described.memory, DESCRIBED.memory, DESCRIBED.memoryBytes);
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
    using log = new LibbpfLog();
    const object = new BpfObject(withBody(elf, FILTER_FUNCTION, body!), "runner");
    assert.equal(await object.load(), 0, log.lines.join("\n"));
    return new ExpressionRunner(object);
  }

  run(skb: DescribedSkb): Verdict {
    const { memory, networkHeader = 0, macHeader = 0xffff, protocol = 0, tag } = skb;
    const [tagProtocol, tci] = tag ?? [0, 0];
    this.#memory.fill(0xee).set(memory);
    this.#words.set([
      networkHeader,
      macHeader,
      protocol,
      tagProtocol * 2 ** 16 + tci,
      memory.length,
      skb.bytesInFragments ?? 0,
    ]);
    runOnce(this.#program);
    return VERDICTS[this.#words[DESCRIBED.result]];
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
