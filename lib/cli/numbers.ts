import { usageError } from "../base/errors.ts";
import { LEAST_MEMORY_BYTES } from "../output/held_memory.ts";

const MAX_UINT32 = 0xffff_ffff;

/** The smallest ring: one page of the kernel. */
const MIN_RING_BYTES = 4096;
/** The largest power of two that `max_entries` of a map, a u32, can hold. */
const MAX_RING_BYTES = 2 ** 31;

const UNIT_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
};

/**
 * Reads an unsigned integer as iproute2 and `strtoul(3)` with base 0 do: decimal, hexadecimal with 0x, or
 * octal with 0; no sign, and nothing before or after it.
 * @returns undefined for anything else; a value above 2^53 is rounded
 */
function parseUnsigned(text: string): number | undefined {
  if (/^0x[0-9a-f]+$/i.test(text)) return parseInt(text.slice(2), 16);
  if (/^0[0-7]*$/.test(text)) return parseInt(text, 8);
  if (/^[1-9][0-9]*$/.test(text)) return parseInt(text, 10);
  return undefined;
}

/**
 * Reads a 32-bit number: `1234`, `0x4d2` or `02322`.
 * @param option its name, for the error: `--mark`
 * @throws {IpftError} wrong usage: not a number, or above 0xffffffff
 */
export function parseUint32(text: string, option: string): number {
  const value = parseUnsigned(text);
  if (value === undefined || value > MAX_UINT32) {
    throw usageError(
      `${option} '${text}' is not a 32-bit number`,
      "give it in decimal (1234), hexadecimal (0x4d2) or octal (02322), at most 0xffffffff",
    );
  }
  return value;
}

/** Reads a number of bytes, `65536`, `64K`, `64M` or `64MiB`; undefined for anything else. */
function parseSize(text: string): number | undefined {
  const [, digits, unit] = /^(.*?)(?:([kmg])(?:ib)?)?$/is.exec(text) ?? [];
  const count = parseUnsigned(digits ?? "");
  return count && count * UNIT_BYTES[(unit ?? "").toLowerCase()];
}

/**
 * Reads an amount of memory, `268435456` or `256M`.
 * @param option its name, for the error: `--memory`
 * @returns bytes
 * @throws {IpftError} wrong usage: not a size, or below 128 MiB
 */
export function parseMemory(text: string, option: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined && bytes >= LEAST_MEMORY_BYTES) return bytes;
  throw usageError(
    `${option} '${text}' is not an amount of memory`,
    "give a number of bytes, or one with K, M or G (256M), at least 128M",
  );
}

/**
 * Reads the size of a ring buffer, `65536`, `64K`, `64M` or `64MiB`, and rounds it up to a size that a
 * ring can have: a power of two, at least a page.
 * @param option its name, for the error: `--buffer-size`
 * @returns bytes
 * @throws {IpftError} wrong usage: not a size, 0, or above 2 GiB
 */
export function parseRingSize(text: string, option: string): number {
  const bytes = parseSize(text) ?? 0;
  if (bytes === 0 || bytes > MAX_RING_BYTES) {
    throw usageError(
      `${option} '${text}' is not a buffer size`,
      "give a number of bytes, or one with K, M or G (64M), above 0 and at most 2G",
    );
  }
  let size = MIN_RING_BYTES;
  while (size < bytes) size *= 2;
  return size;
}

/**
 * Returns the size of a ring with as much room as perf buffers of this many pages for each CPU.
 * @param option its name, for the error: `--perf-page-count`
 * @throws {IpftError} wrong usage: above 2 GiB
 */
export function ringSizeOfPages(pages: number, option: string): number {
  const bytes = pages * MIN_RING_BYTES * navigator.hardwareConcurrency;
  if (bytes <= MAX_RING_BYTES) return parseRingSize(String(bytes), option);
  throw usageError(`${option} ${pages} is more than 2 GiB on this machine`, "give fewer pages");
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The longest time that a timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Reads a duration: `10s`, `1.5m`, `200ms`, `2h`, or seconds without a unit.
 * @param option its name, for the error: `--duration`
 * @returns ms
 * @throws {IpftError} wrong usage: not a duration, 0, or more than 24 days
 */
export function parseDuration(text: string, option: string): number {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const ms = Math.round(Number(number) * UNIT_MS[unit]);
  if (ms > 0 && ms <= MAX_TIMER_MS) return ms;
  throw usageError(
    `${option} '${text}' is not a duration`,
    "give a number with ms, s, m or h (10s), above 0 and at most 24 days",
  );
}

/**
 * Reads bytes in hexadecimal, as `xxd` and `tcpdump` print them: `efbeadde`, `ef be ad de`, `ef:be:ad:de`.
 * @param option its name, for the error: `--data`
 * @returns `sizeBytes` bytes; those missing from the text are 0
 * @throws {IpftError} wrong usage: not hexadecimal, half a byte, or too many bytes
 */
export function parseBytes(
  text: string,
  option: string,
  sizeBytes: number,
): Uint8Array<ArrayBuffer> {
  const digits = text.replaceAll(/[\s:]/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits) || digits.length > sizeBytes * 2) {
    throw usageError(
      `${option} '${text}' is not hexadecimal of at most ${sizeBytes} bytes`,
      "give two digits for each byte: efbeadde, ef be ad de or ef:be:ad:de",
    );
  }
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < digits.length; i += 2) bytes[i / 2] = parseInt(digits.slice(i, i + 2), 16);
  return bytes;
}
