import type { Assembler, Register, Size } from "./assembler.ts";

/** How a program may read memory. */
export type MemoryAccess =
  /** Through pointers that it casts. Both are ids in the BTF of vmlinux. */
  | { readonly kind: "cast"; readonly castId: number; readonly bytesId: number }
  /** With bpf_probe_read_kernel. */
  | { readonly kind: "copy" };

/** `enum bpf_func_id`. */
const PROBE_READ_KERNEL = 113;

/** Where a struct __kernel_sockaddr_storage has bytes, and where they end (include/uapi/linux/socket.h). */
export const BYTES_OFFSET = 2, BYTES_END = 128;

/** Where bytes can be loaded: at `begin` and behind it. */
export interface Place {
  readonly base: Register;
  readonly begin: number;
}

/**
 * Reads memory of the kernel. Where there is none, zeros are read. Every read takes r0 to r5, unless the
 * pointer for it has been cast before.
 */
export class Memory {
  readonly #code: Assembler;
  readonly #access: MemoryAccess;
  readonly #slot: number;

  /** @param slot 8 bytes of the stack that are free */
  constructor(code: Assembler, access: MemoryAccess, slot: number) {
    this.#code = code;
    this.#access = access;
    this.#slot = slot;
  }

  get canCast(): boolean {
    return this.#access.kind === "cast";
  }

  /** Puts a pointer into r0, behind which 126 bytes can be loaded, from BYTES_OFFSET on. */
  cast(address: Register, offset = 0): void {
    if (this.#access.kind !== "cast") throw new Error("no pointers can be cast");
    const code = this.#code;
    if (address !== "r1") code.move("r1", address, 64);
    code.calculate("add", "r1", offset - BYTES_OFFSET, 64);
    code.move("r2", this.#access.bytesId);
    code.callKernel(this.#access.castId);
  }

  /** Copies bytes to the stack. */
  copy(slot: number, bytes: number, address: Register, offset = 0): void {
    const code = this.#code;
    if (address !== "r3") code.move("r3", address, 64);
    if (offset !== 0) code.calculate("add", "r3", offset, 64);
    code.move("r1", "r10", 64);
    code.calculate("add", "r1", slot, 64);
    code.move("r2", bytes);
    code.call(PROBE_READ_KERNEL);
  }

  /** Makes up to 126 bytes loadable: at the returned place, behind a pointer or on the stack. */
  window(
    slot: number,
    bytes: number,
    address: Register,
    offset: number,
  ): Place {
    if (this.canCast) {
      this.cast(address, offset);
      return { base: "r0", begin: BYTES_OFFSET };
    }
    this.copy(slot, bytes, address, offset);
    return { base: "r10", begin: slot };
  }

  /** Reads a number, as the machine has it. */
  read(size: Size, to: Register, address: Register, offset = 0): void {
    if (this.canCast) {
      this.cast(address, offset);
      this.#code.load(size, to, "r0", BYTES_OFFSET);
    } else {
      this.copy(this.#slot, size, address, offset);
      this.#code.load(size, to, "r10", this.#slot);
    }
  }
}
