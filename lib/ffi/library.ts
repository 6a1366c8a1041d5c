import { IpftError } from "../base/errors.ts";

/**
 * Opens a shared library and finds its functions.
 * @param remedy what the user can do when it fails
 * @throws IpftError when the library, or a function in it, is missing
 */
export function openSymbols<T extends Deno.ForeignLibraryInterface>(
  path: string,
  symbols: T,
  remedy: string,
): Deno.DynamicLibrary<T>["symbols"] {
  try {
    return Deno.dlopen(path, symbols).symbols;
  } catch (error) {
    throw new IpftError(`cannot open ${path}: ${(error as Error).message}`, remedy);
  }
}

/** Returns the path of a library that `make` puts into `native/`. */
export function bundledLibrary(name: string): string {
  return new URL(`./native/${name}`, import.meta.url).pathname;
}
