/** Counts in messages: `1 event`, `47 events`. */

/**
 * Returns a count with its noun, as a sentence has it.
 * @param count how many there are
 * @param noun the noun in the singular; its plural must end in one more `s`
 */
export function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
