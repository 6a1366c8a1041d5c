/** Sorts words by how near they are to `word`, nearest first. */
export function byNearness(word: string, words: readonly string[]): string[] {
  return words.toSorted((a, b) => editDistance(word, a) - editDistance(word, b));
}

/** The word that was probably meant, if any is near enough. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  const [best] = byNearness(word, words);
  const isNear = best !== undefined &&
    (best.startsWith(word) || editDistance(word, best) <= Math.max(2, word.length * 0.4));
  return isNear ? best : undefined;
}

/** Characters to insert, delete or replace to make `b` of `a` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
