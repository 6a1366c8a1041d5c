import { IpftError } from "../base/errors.ts";

/** How a module is compiled, as the manual says it. */
export const COMPILE = "clang -target bpf -O3 -c -g";

/**
 * The error for a module that cannot be used.
 * @param source where the object came from, e.g. `emit() of foo.lua`
 */
export function moduleError(source: string, why: string, remedy?: string): IpftError {
  return new IpftError(`cannot use the module from ${source}: ${why}`, remedy);
}

/** The error for an object whose parts are not where it says. */
export function damaged(source: string, why: string): IpftError {
  return moduleError(source, `it is a damaged ELF object: ${why}`, "compile it again");
}
