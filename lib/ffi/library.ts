import { IpftError } from "../base/errors.ts";

/** Functions of a library, by their names. */
type Declarations = Readonly<Record<string, Deno.ForeignFunction>>;

/** What calls them. */
export type Functions<T extends Declarations> = {
  readonly [Name in keyof T]: Deno.UnsafeFnPointer<T[Name]>["call"];
};

/**
 * Opens a shared library and finds its functions.
 *
 * Deno is asked for their addresses only. For a function it would compile machine code, which makes each call
 * faster by half a microsecond and costs more than all calls of most of them.
 * @param remedy what the user can do when it fails
 * @throws IpftError when the library, or a function in it, is missing
 */
export function openSymbols<T extends Declarations>(
  path: string,
  declarations: T,
  remedy: string,
): Functions<T> {
  const names = Object.keys(declarations);
  const addresses = findAddresses(path, names, remedy);
  const functions = names.map((name) => {
    const pointer = new Deno.UnsafeFnPointer(addresses[name]!, declarations[name]);
    return [name, pointer.call.bind(pointer)] as const;
  });
  return Object.fromEntries(functions) as unknown as Functions<T>;
}

function findAddresses(
  path: string,
  names: readonly string[],
  remedy: string,
): Readonly<Record<string, Deno.PointerObject<Deno.ForeignFunction>>> {
  const statics = Object.fromEntries(names.map((name) => [name, { type: "pointer" } as const]));
  try {
    const { symbols } = Deno.dlopen(path, statics);
    return symbols as Record<string, Deno.PointerObject<Deno.ForeignFunction>>;
  } catch (error) {
    throw new IpftError(`cannot open ${path}: ${(error as Error).message}`, remedy);
  }
}

/** Returns the path of a library that `make` puts into `native/`. */
export function bundledLibrary(name: string): string {
  return new URL(`./native/${name}`, import.meta.url).pathname;
}
