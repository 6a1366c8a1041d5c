import { parseKallsyms } from "./kallsyms.ts";
import type { SkbFunction } from "./skb_function.ts";

const KALLSYMS = "/proc/kallsyms";

/**
 * The addresses of functions, by index, from kallsyms. Static functions that share a name within
 * their module each get one of that name's addresses.
 *
 * @returns the functions that have an address, and the addresses
 * @throws IpftError when the kernel hides its addresses
 */
export async function resolveAddresses(
  functions: readonly SkbFunction[],
): Promise<{ functions: SkbFunction[]; addresses: BigUint64Array }> {
  const content = await Deno.readFile(KALLSYMS);
  const symbols = parseKallsyms(content, functions.map(({ name }) => name));
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
