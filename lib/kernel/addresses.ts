import { parseKallsyms } from "./kallsyms.ts";
import type { SkbFunction } from "./skb_function.ts";

/**
 * Returns the functions with the addresses that kallsyms has for them. Static functions of one module
 * that share a name each get one of the addresses of that name.
 *
 * @param kallsyms the content of `/proc/kallsyms`
 * @throws IpftError when the kernel hides its addresses
 */
export function withAddresses(
  functions: readonly SkbFunction[],
  kallsyms: Uint8Array,
): SkbFunction[] {
  const symbols = parseKallsyms(kallsyms, functions.map(({ name }) => name));
  const key = (module: string, name: string) => `${module} ${name}`;
  const free = Map.groupBy(symbols, ({ module, name }) => key(module, name));
  return functions.map((fn) => {
    const symbol = free.get(key(fn.module, fn.name))?.shift();
    return symbol === undefined ? fn : { ...fn, address: symbol.address };
  });
}
