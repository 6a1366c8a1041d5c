/** The module name of functions in the kernel image itself, as in `/sys/kernel/btf`. */
export const VMLINUX = "vmlinux";

/** A function of the running kernel that can be traced and takes a `struct sk_buff *`. */
export interface SkbFunction {
  /** The symbol in kallsyms; may carry a compiler suffix (`ip_rcv_finish_core.constprop.0`). */
  readonly name: string;
  /** `vmlinux`, or the name of the module that has the function. */
  readonly module: string;
  /**
   * The argument register that holds the first `struct sk_buff *`: 0 to 4 for rdi, rsi, rdx, rcx and r8.
   * This is the position of the argument unless one before it takes two registers or none.
   */
  readonly skbPosition: number;
  /** Id of the FUNC type in the BTF of `module`. */
  readonly btfId: number;
  /** Address of the symbol; undefined when kallsyms has none. */
  readonly address?: bigint;
  /** True for a function that another one of its module, listed before it, shares its name with. */
  readonly isNamesake?: true;
}
