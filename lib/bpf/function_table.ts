/** FUNCTION_HASH, FUNCTION_PROBES and UNKNOWN_FUNCTION of record.h. */
const HASH = 0x9e3779b1, PROBES = 4, UNKNOWN = 0xffff_ffff;

/** Slots for each function at first: with fewer, more than one is looked at. */
const SPARSITY = 8;

/** The table by which the programs find a function by its address, as `ipft_functions` holds it. */
export interface FunctionTable {
  /** `struct function_slot`, one after the other: lower half of the address, index of the function. */
  readonly slots: Uint32Array<ArrayBuffer>;
  /** What is left of a hash after it was shifted by this is the first slot to look at. */
  readonly shift: number;
}

/**
 * Makes the table: open addressing, no function further from its first slot than the programs look.
 * @param addresses by function index; the lower halves of a kernel's text addresses are unique
 */
export function makeFunctionTable(addresses: readonly bigint[]): FunctionTable {
  for (let bits = Math.max(1, Math.ceil(Math.log2(addresses.length * SPARSITY + 1)));; bits++) {
    const table = tryTable(addresses, 32 - bits);
    if (table !== undefined) return table;
  }
}

/** Undefined when a function finds no slot. */
function tryTable(addresses: readonly bigint[], shift: number): FunctionTable | undefined {
  // Those behind the last one make going round unnecessary.
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
