/** A text that is written again and again, encoded once. */
export interface Constant {
  /**
   * The text's UTF-8, eight bytes an element (little-endian, the last one padded): copying whole machine
   * words is what makes lines cheap. No valid UTF-8 looks like a NaN (bytes 7 and 6 would have to be 7f
   * and f0 or more), so every element is copied as it is.
   */
  readonly words: Float64Array;
  readonly sizeBytes: number;
}

/** Encodes a text for `ByteBuilder.appendConstant`. */
export function constant(text: string): Constant {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const words = new Float64Array(padded.length / 8).map((_, i) => view.getFloat64(i * 8, true));
  return { words, sizeBytes: bytes.length };
}

/**
 * Many texts of which any may be the next. They are stored side by side, because the next one is seldom
 * in the CPU's cache, and each further memory access on the way to it takes as long as the rest of a
 * line.
 */
export interface Constants {
  /** The words of each text in turn, as in `Constant`, `wordsEach` a text. */
  readonly words: Float64Array;
  readonly wordsEach: number;
  readonly sizesBytes: Uint32Array;
}

/** Encodes texts for `ByteBuilder.appendConstantOf`. */
export function constants(texts: readonly string[]): Constants {
  const encoded = texts.map(constant);
  const wordsEach = Math.max(0, ...encoded.map(({ words }) => words.length));
  const words = new Float64Array(texts.length * wordsEach);
  encoded.forEach((text, i) => words.set(text.words, i * wordsEach));
  return { words, wordsEach, sizesBytes: Uint32Array.from(encoded, ({ sizeBytes }) => sizeBytes) };
}
