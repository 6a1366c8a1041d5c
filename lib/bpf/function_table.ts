/** FUNCTION_HASH, FUNCTION_PROBES and UNKNOWN_FUNCTION of function_table.h. */
const HASH = 0x9e3779b1, PROBES = 4, UNKNOWN = 0xffff_ffff;

/** Slots per function to begin with. With fewer, programs look at more than one. */
const SPARSITY = 8;

/** The table in which programs look up a function by its address: the content of `ipft_functions`. */
export interface FunctionTable {
  /** Pairs, as `struct function_slot`: the lower half of the address, the index of the function. */
  readonly slots: Uint32Array<ArrayBuffer>;
  /** A hash shifted right by this is the first slot to look at. */
  readonly shift: number;
}

/**
 * Makes the table, with open addressing: no function is further from its first slot than programs look.
 * @param addresses by function index; the lower halves of a kernel's text addresses are unique
 */
export function makeFunctionTable(addresses: readonly bigint[]): FunctionTable {
  for (let bits = Math.max(1, Math.ceil(Math.log2(addresses.length * SPARSITY + 1)));; bits++) {
    const table = tryTable(addresses, 32 - bits);
    if (table !== undefined) return table;
  }
}

/** Returns undefined if a function finds no slot. */
function tryTable(addresses: readonly bigint[], shift: number): FunctionTable | undefined {
  // With some more at the end, a search never wraps around.
  const slots = new Uint32Array(2 * (2 ** (32 - shift) + PROBES - 1)).fill(UNKNOWN);
  for (const [index, address] of addresses.entries()) {
    const low = Number(address & 0xffff_ffffn);
    const first = Math.imul(low, HASH) >>> shift;
    let slot = first;
    while (slots[2 * slot + 1] !== UNKNOWN && slots[2 * slot] !== low) slot++;
    if (slot >= first + PROBES) return undefined;
    slots[2 * slot] = low;
    slots[2 * slot + 1] = index;
  }
  return { slots, shift };
}
