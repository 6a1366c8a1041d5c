/** The module name of functions that are built into the kernel image, as in `/sys/kernel/btf`. */
export const VMLINUX = "vmlinux";

/** A function of the running kernel that can be traced and takes a `struct sk_buff *`. */
export interface SkbFunction {
  /** The symbol, as kallsyms has it; may carry a compiler suffix (`ip_rcv_finish_core.constprop.0`). */
  readonly name: string;
  /** `vmlinux`, or the name of the module that the function is in. */
  readonly module: string;
  /**
   * Which of the five integer registers that carry arguments (rdi, rsi, rdx, rcx, r8: 0 to 4) has the
   * first `struct sk_buff *`. Where no argument before it takes two registers, its position.
   */
  readonly skbPosition: number;
  /** Id of the FUNC type in the BTF of `module`. */
  readonly btfId: number;
  /** Of the symbol; undefined where kallsyms has none. */
  readonly address?: bigint;
}
