import { parseKallsyms } from "./kallsyms.ts";
import type { SkbFunction } from "./skb_function.ts";

/**
 * The addresses of functions, by index. Static functions that share a name within their module each
 * get one of that name's addresses.
 *
 * @param kallsyms content of `/proc/kallsyms`
 * @returns the functions that have an address, and the addresses
 * @throws IpftError when the kernel hides its addresses
 */
export function resolveAddresses(
  functions: readonly SkbFunction[],
  kallsyms: Uint8Array,
): { functions: SkbFunction[]; addresses: BigUint64Array } {
  const symbols = parseKallsyms(kallsyms, functions.map(({ name }) => name));
  const key = (module: string, name: string) => `${module} ${name}`;
  const free = Map.groupBy(symbols, ({ module, name }) => key(module, name));
  const resolved: SkbFunction[] = [], addresses: bigint[] = [];
  for (const fn of functions) {
    const symbol = free.get(key(fn.module, fn.name))?.shift();
    if (!symbol) continue;
    resolved.push(fn);
    addresses.push(symbol.address);
  }
  return { functions: resolved, addresses: BigUint64Array.from(addresses) };
}
