/** Up to four ASCII characters as a little-endian integer. */
export function asciiWord(text: string): number {
  return [...text].reduce((word, char, i) => word | char.charCodeAt(0) << (8 * i), 0);
}

/** `000` to `999`, each as such an integer. */
export const THREE_DIGITS = Uint32Array.from(
  { length: 1000 },
  (_, value) => asciiWord(String(value).padStart(3, "0")),
);
