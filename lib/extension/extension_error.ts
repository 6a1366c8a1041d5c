import { IpftError } from "../base/errors.ts";

/** How the manual compiles an extension. */
export const COMPILE = "clang -target bpf -O3 -c -g";

/**
 * Makes the error for an extension that cannot be used.
 * @param source what messages call it: `ExtensionObject.source`
 */
export function extensionError(source: string, why: string, remedy?: string): IpftError {
  return new IpftError(`cannot use ${source}: ${why}`, remedy);
}
