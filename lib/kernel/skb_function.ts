/** The module name of functions that are built into the kernel image, as in `/sys/kernel/btf`. */
export const VMLINUX = "vmlinux";

/** A function of the running kernel that can be traced and takes a `struct sk_buff *`. */
export interface SkbFunction {
  /** The symbol, as kallsyms has it; may carry a compiler suffix (`ip_rcv_finish_core.constprop.0`). */
  readonly name: string;
  /** `vmlinux`, or the name of the module that the function is in. */
  readonly module: string;
  /** Position of the first `struct sk_buff *` among the arguments, 0 to 4 (those in registers). */
  readonly skbPosition: number;
  /** Id of the FUNC type in the BTF of `module`. */
  readonly btfId: number;
}
