import leven from "leven";

/** Returns `words` sorted by how near they are to `word`, nearest first. */
export function byNearness(word: string, words: readonly string[]): string[] {
  return words.toSorted((a, b) => leven(word, a) - leven(word, b));
}

/** No typing error is in a longer word, and the time to compare two grows with the square. */
const MAX_LENGTH = 128;

/** Returns the word that was probably meant; undefined if none is near enough. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const [best] = byNearness(word, words.filter(({ length }) => length <= MAX_LENGTH));
  const isNear = best !== undefined && word !== "" &&
    (best.startsWith(word) || leven(word, best) <= Math.max(2, word.length * 0.4));
  return isNear ? best : undefined;
}
