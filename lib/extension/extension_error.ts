import { IpftError } from "../base/errors.ts";

/** How an extension is compiled, in the words of the manual. */
export const COMPILE = "clang -target bpf -O3 -c -g";

/**
 * The error for an extension that cannot be used.
 * @param source what messages call it: `ExtensionObject.source`
 */
export function extensionError(source: string, why: string, remedy?: string): IpftError {
  return new IpftError(`cannot use ${source}: ${why}`, remedy);
}
