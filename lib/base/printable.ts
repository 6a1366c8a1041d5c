/** Printable ASCII that a JSON string takes as it is, by byte. */
export const IS_PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? 1 : 0,
);

/** Printable ASCII, by byte. */
export const IS_PRINTABLE = IS_PLAIN.with(0x22, 1).with(0x5c, 1);

const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** Decodes UTF-8, or else single bytes, with control characters (C0, DEL, C1) as `\\x1b`. */
export function printable(bytes: Uint8Array): string {
  // deno-lint-ignore no-control-regex
  const control = /[\x00-\x1f\x7f-\x9f]/g;
  const escape = (code: number) => `\\x${code.toString(16).padStart(2, "0")}`;
  try {
    return strictDecoder.decode(bytes).replaceAll(control, (char) => escape(char.charCodeAt(0)));
  } catch {
    return Array.from(
      bytes,
      (byte) => IS_PRINTABLE[byte] ? String.fromCharCode(byte) : escape(byte),
    ).join("");
  }
}
