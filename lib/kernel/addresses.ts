import { parseKallsyms } from "./kallsyms.ts";
import type { SkbFunction } from "./skb_function.ts";

/**
 * The functions with their addresses, where kallsyms has them. Static functions that share a name within
 * their module each get one of that name's addresses.
 *
 * @param kallsyms content of `/proc/kallsyms`
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
