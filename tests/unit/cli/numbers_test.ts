import assert from "node:assert/strict";
import fc from "fast-check";
import { IpftError } from "../../../lib/base/errors.ts";
import { parseBytes, parseMemory, parseRingSize, parseUint32 } from "../../../lib/cli/numbers.ts";

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const anyText = fc.oneof(fc.string(), fc.stringMatching(/^[-+ 0-9a-fxKMGiB.]{0,12}$/));

/** What `parse` returns, or undefined when it calls the text wrong usage; nothing else may happen. */
function valueOf(parse: () => number): number | undefined {
  try {
    return parse();
  } catch (error) {
    assert.ok(error instanceof IpftError, String(error));
    assert.equal(error.exitCode, 2);
    return undefined;
  }
}

Deno.test("parseUint32 reads back every number in each of its three bases", () => {
  fc.assert(fc.property(uint32, (value) => {
    const hex = value.toString(16);
    for (
      const text of [String(value), `0x${hex}`, `0X${hex.toUpperCase()}`, `0${value.toString(8)}`]
    ) {
      assert.equal(parseUint32(text, "--mark"), value, text);
    }
  }));
});

Deno.test("parseUint32 reads the ends of the range", () => {
  assert.equal(parseUint32("0", "--mark"), 0);
  assert.equal(parseUint32("4294967295", "--mark"), 0xffff_ffff);
  assert.equal(parseUint32("0xffffffff", "--mark"), 0xffff_ffff);
  assert.equal(parseUint32("037777777777", "--mark"), 0xffff_ffff);
});

Deno.test("parseUint32 refuses what strtoul would not read whole, and what 32 bits do not hold", () => {
  const texts = ["", "08", "0x", "1e3", "-1", "+1", " 1", "1 ", "1.0", "0b1", "1_0", "0xg", "12k"];
  for (const text of [...texts, "4294967296", "0x100000000", "040000000000", "9".repeat(400)]) {
    assert.throws(() => parseUint32(text, "--mark"), {
      name: "IpftError",
      exitCode: 2,
      message: `--mark '${text}' is not a 32-bit number; ` +
        "give it in decimal (1234), hexadecimal (0x4d2) or octal (02322), at most 0xffffffff",
    });
  }
});

Deno.test("parseUint32 answers any text with a 32-bit number or wrong usage", () => {
  fc.assert(fc.property(anyText, (text) => {
    const value = valueOf(() => parseUint32(text, "--mark"));
    if (value === undefined) return;
    assert.equal(value, value >>> 0);
    // JavaScript reads the same, but for the octal prefix.
    assert.equal(value, Number(text.replace(/^0(?=[0-7])/, "0o")));
  }));
});

Deno.test("parseRingSize rounds up to a power of two, at least a page", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (bytes) => {
    const size = parseRingSize(String(bytes), "--buffer-size");
    assert.equal(Math.log2(size) % 1, 0);
    assert.ok(size >= bytes && (size === 4096 || size < 2 * bytes), `${bytes} became ${size}`);
  }));
});

Deno.test("parseRingSize knows K, M and G, in any case, and with iB", () => {
  const sizes: [text: string, bytes: number][] = [
    ["4096", 4096],
    ["0x10000", 65536],
    ["64K", 2 ** 16],
    ["64k", 2 ** 16],
    ["64KiB", 2 ** 16],
    ["010K", 2 ** 13],
    ["64M", 2 ** 26],
    ["0x40m", 2 ** 26],
    ["65M", 2 ** 27],
    ["1GiB", 2 ** 30],
    ["2G", 2 ** 31],
    ["2147483648", 2 ** 31],
  ];
  for (const [text, bytes] of sizes) {
    assert.equal(parseRingSize(text, "--buffer-size"), bytes, text);
  }
});

Deno.test("parseRingSize refuses 0, more than 2 GiB and what is no size", () => {
  for (
    const text of ["", "0", "0M", "M", "-1", "1.5M", "64MB", "64 M", "64T", "3G", "2147483649"]
  ) {
    assert.throws(() => parseRingSize(text, "--buffer-size"), {
      name: "IpftError",
      exitCode: 2,
      message: `--buffer-size '${text}' is not a buffer size; ` +
        "give a number of bytes, or one with K, M or G (64M), above 0 and at most 2G",
    });
  }
});

Deno.test("parseRingSize answers any text with a size or wrong usage", () => {
  fc.assert(fc.property(anyText, (text) => {
    const size = valueOf(() => parseRingSize(text, "--buffer-size"));
    assert.ok(size === undefined || (size >= 4096 && size <= 2 ** 31 && Math.log2(size) % 1 === 0));
  }));
});

Deno.test("parseBytes reads hexadecimal bytes as tools print them, and fills up with zeros", () => {
  const expected = Uint8Array.of(0xef, 0xbe, 0xad, 0xde, 0, 0);
  for (const text of ["efbeadde", "EF BE AD DE", "ef:be:ad:de", " efbe adde\n"]) {
    assert.deepEqual(parseBytes(text, "--data", 6), expected);
  }
  assert.deepEqual(parseBytes("", "--data", 2), Uint8Array.of(0, 0));
});

Deno.test("parseBytes refuses everything else", () => {
  for (const text of ["0xef", "e", "efbeadd", "gg", "0102030405", "ef,be"]) {
    assert.throws(
      () => parseBytes(text, "--data", 4),
      /--data '.*' is not hexadecimal of at most 4 bytes/,
    );
  }
});

Deno.test("parseBytes reads back any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    assert.deepEqual(parseBytes(text, "--data", bytes.length), new Uint8Array(bytes));
  }));
});

Deno.test("parseMemory reads bytes and units, from 128 MiB on", () => {
  assert.equal(parseMemory("128M", "--memory"), 2 ** 27);
  assert.equal(parseMemory("134217728", "--memory"), 2 ** 27);
  assert.equal(parseMemory("3GiB", "--memory"), 3 * 2 ** 30);
  for (const text of ["", "0", "127M", "1e9", "-1G", "1T", "G"]) {
    assert.throws(() => parseMemory(text, "--memory"), {
      name: "IpftError",
      exitCode: 2,
      message: `--memory '${text}' is not an amount of memory; ` +
        "give a number of bytes, or one with K, M or G (256M), at least 128M",
    });
  }
});
