/** Printable ASCII that a JSON string takes as it is, by byte. */
export const IS_PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? 1 : 0,
);

/** Printable ASCII, by byte. */
export const IS_PRINTABLE = IS_PLAIN.with(0x22, 1).with(0x5c, 1);

/** What a terminal may obey: C0, DEL and C1. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;

/** The same without tab and newline. */
// deno-lint-ignore no-control-regex
const CONTROLS_IN_LINES = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Control characters that JSON allows in a string. */
const CONTROLS_OF_JSON = /[\x7f-\x9f]/g;

const TAB = 0x09, NEWLINE = 0x0a;

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const encoder = new TextEncoder();

/** Replaces each control character by its code, `\\x1b`, so that the text stays on its line. */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, escapeCharacter);
}

/** Replaces control characters as `printable` does, except tabs and newlines. */
export function printableLines(text: string): string {
  return text.replaceAll(CONTROLS_IN_LINES, escapeCharacter);
}

/** Joins the lines of a text that comes from elsewhere, for a message of one line. */
export function joinedLines(text: string): string {
  return text.split("\n").map((line) => line.trim()).join(" ");
}

/** Decodes UTF-8, or else single bytes, and replaces control characters as `printable` does. */
export function printableBytes(bytes: Uint8Array): string {
  return decoded(bytes, printable, (byte) => IS_PRINTABLE[byte] === 1);
}

/** Encodes what `printableBytes` returns, but keeps tabs and newlines. */
export function printableLineBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const isKept = (byte: number) => IS_PRINTABLE[byte] === 1 || byte === TAB || byte === NEWLINE;
  return encoder.encode(decoded(bytes, printableLines, isKept));
}

/** Returns a JSON string whose control characters are all escaped, which JSON asks of C0 only. */
export function jsonString(text: string): string {
  return JSON.stringify(text).replaceAll(
    CONTROLS_OF_JSON,
    (char) => `\\u00${hex(char.charCodeAt(0))}`,
  );
}

function decoded(
  bytes: Uint8Array,
  escape: (text: string) => string,
  isKept: (byte: number) => boolean,
): string {
  let text: string;
  try {
    text = strictDecoder.decode(bytes);
  } catch {
    const shown = (byte: number) => isKept(byte) ? String.fromCharCode(byte) : `\\x${hex(byte)}`;
    return Array.from(bytes, shown).join("");
  }
  return escape(text);
}

function escapeCharacter(char: string): string {
  return `\\x${hex(char.charCodeAt(0))}`;
}

function hex(code: number): string {
  return code.toString(16).padStart(2, "0");
}
