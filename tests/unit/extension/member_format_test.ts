import assert from "node:assert/strict";
import { EventStruct } from "../../../lib/extension/event_struct.ts";
import { openObject } from "../../../lib/extension/open_object.ts";
import { StructReader } from "../../../lib/extension/struct_reader.ts";
import { Bytes } from "../../support/bytes.ts";
import { compileSource } from "../../support/compile_source.ts";
import { type Format, type Renderer, renderer } from "../../support/renderer.ts";

const MODULE = "int module(void *ctx, struct sk_buff *skb, __u8 data[64]) { return 0; }";

/** Renders `struct event` with these members, after some other declarations. */
async function rendererOf(
  members: string,
  before = "",
  format: Format = "text",
): Promise<Renderer> {
  const struct = `struct event { ${members} } __ipft_event_struct;`;
  const elf = await compileSource(`#include <ipft.h>\n${before}\n${struct}\n${MODULE}`);
  return rendererOfObject(elf, format);
}

function rendererOfObject(elf: Uint8Array<ArrayBuffer>, format: Format = "text"): Renderer {
  const source = "the extension x.o";
  const event = new EventStruct(openObject({ elf, source }).btf, source);
  return renderer((writer) => new StructReader(event, writer, () => undefined), format);
}

/** The fields of one event. */
function shown(renderer: Renderer, data: Bytes): string {
  return new TextDecoder().decode(renderer.render(data.event)[0]);
}

const KNOWN = "known are ipft:fmt:hex, ipft:fmt:dec, ipft:fmt:ipv4, ipft:fmt:ipv6, ipft:fmt:mac, " +
  "ipft:fmt:symbol, ipft:fmt:be, ipft:fmt:enum:REF, ipft:fmt:enum_flags:REF";
const CHANGE = "change the member's type, or its tag";
const ENUM = "enum { A, B } __ipft_ref(letters); enum { C } __ipft_ref(other);";

const tag = (text: string) => `__attribute__((btf_decl_tag("${text}")))`;

const REFUSED: Readonly<Record<string, string>> = {
  [`int a ${tag("ipft:fmt:hx")};`]: `member a has the unknown tag ipft:fmt:hx; ${KNOWN}`,
  [`int a ${tag("ipft:format:hex")};`]: `member a has the unknown tag ipft:format:hex; ${KNOWN}`,
  [`int a ${tag("ipft:fmt:hex:2")};`]: `member a has the unknown tag ipft:fmt:hex:2; ${KNOWN}`,
  [`int a ${tag("ipft:fmt:enum")};`]: `member a has the unknown tag ipft:fmt:enum; ${KNOWN}`,
  [`int a ${tag("ipft:fmt:enum:")};`]: `member a has the unknown tag ipft:fmt:enum:; ${KNOWN}`,
  [`struct { int b ${tag("ipft:x")}; } a;`]: `member a.b has the unknown tag ipft:x; ${KNOWN}`,
  "int a __ipft_fmt_enum(leters);": "member a has the tag ipft:fmt:enum:leters, but there is no " +
    "variable leters in section __ipft_skip; did you mean letters?",
  "int a __ipft_fmt_enum_flags(flags);": "member a has the tag ipft:fmt:enum_flags:flags, but " +
    "there is no variable flags in section __ipft_skip; declare: enum { ... } __ipft_ref(flags);",
  "int a __ipft_fmt_enum(__ipft_event_struct);": "member a has the tag " +
    "ipft:fmt:enum:__ipft_event_struct, but __ipft_event_struct is not of an enum type; " +
    "declare: enum { ... } __ipft_ref(__ipft_event_struct);",
  "int a __ipft_fmt_hex __ipft_fmt_dec;": "member a has the tags ipft:fmt:hex and ipft:fmt:dec; " +
    "keep one of them; only ipft:fmt:be goes together with others",
  "__u16 a __ipft_fmt_ipv4;": `member a has the tag ipft:fmt:ipv4, which is for 4 bytes; ${CHANGE}`,
  "__u8 a[7] __ipft_fmt_mac;": `member a has the tag ipft:fmt:mac, which is for 6 bytes; ${CHANGE}`,
  "__u64 a __ipft_fmt_ipv6;":
    `member a has the tag ipft:fmt:ipv6, which is for 16 bytes; ${CHANGE}`,
  "__u32 a : 31 __ipft_fmt_ipv4;":
    `member a has the tag ipft:fmt:ipv4, which is for 4 bytes; ${CHANGE}`,
  "__u32 a __ipft_fmt_symbol;": "member a has the tag ipft:fmt:symbol, " +
    `which is for the 8 bytes of an address; ${CHANGE}`,
  "void *a __ipft_fmt_enum(letters);": "member a has the tag ipft:fmt:enum:letters, " +
    `which is not for a pointer; ${CHANGE}`,
  "struct { int b; } a __ipft_fmt_hex;": "member a has the tag ipft:fmt:hex, " +
    `which is not for a struct; ${CHANGE}`,
  "__u16 a : 9 __ipft_fmt_be;":
    `member a has the tag ipft:fmt:be, which is not for a bit field; ${CHANGE}`,
  "double a;": "member a is of a type that ipft cannot show; make it an integer, a char, a bool, " +
    "an enum or a pointer, or an array or struct of them",
  "__u8 a[65];": "struct event has 65 bytes, an event has room for 64; leave members out or make " +
    "them smaller",
};

Deno.test("a member that cannot be shown as it is tagged is named, with its tag", async () => {
  for (const [members, message] of Object.entries(REFUSED)) {
    await assert.rejects(
      () => rendererOf(members, ENUM),
      { name: "IpftError", message: `cannot use the extension x.o: ${message}` },
      members,
    );
  }
});

Deno.test("an object without a marked struct is told how to have one", async () => {
  const remedy = "include <ipft.h> and write: struct event { ... } __ipft_event_struct; " +
    "or format the data in Lua";
  const outside = "#undef __ipft_event_struct\nstruct event { int a; } __ipft_event_struct;";
  for (const code of ["", ENUM, outside]) {
    const elf = await compileSource(`#include <ipft.h>\n${code}\n${MODULE}`);
    assert.throws(() => rendererOfObject(elf), {
      message: "cannot use the extension x.o: no struct is marked as its output: section " +
        `__ipft_skip has no variable __ipft_event_struct; ${remedy}`,
    });
  }
  const elf = await compileSource(`#include <ipft.h>\nint __ipft_event_struct;\n${MODULE}`);
  assert.throws(
    () => rendererOfObject(elf),
    /__ipft_event_struct is not a struct; give it the type/,
  );
});

Deno.test("a struct may be a typedef, anonymous, empty, or as large as an event's data", async () => {
  const of = async (code: string) =>
    shown(
      rendererOfObject(await compileSource(`#include <ipft.h>\n${code}\n${MODULE}`)),
      new Bytes().u8(7),
    );
  assert.equal(await of("typedef struct { __u8 a; } t; const t __ipft_event_struct;"), " ( a: 7 )");
  assert.equal(await of("struct { __u8 a; } __ipft_event_struct;"), " ( a: 7 )");
  assert.equal(await of("struct { } __ipft_event_struct;"), "");
  assert.match(
    await of("struct { __u8 a[64]; } __ipft_event_struct;"),
    /^ \( a: \[7(, 0){63}\] \)$/,
  );
});

Deno.test("members whose names are reserved in JSON are refused there only", async () => {
  for (const name of ["function", "is_return", "packet", "dev", "verdict"]) {
    const message =
      `cannot use the extension x.o: member ${name} has a name that is reserved for ` +
      "ipft's own fields in JSON; rename it";
    for (const members of [`int ${name};`, `int a; struct { int ${name}; };`]) {
      await assert.rejects(() => rendererOf(members, "", "json"), { message });
    }
    const line = shown(await rendererOf(`int ${name};`), new Bytes().u8(1));
    assert.equal(line, ` ( ${name}: 1 )`);
  }
  const inner = await rendererOf("struct { int dev; } a; int device;", "", "json");
  assert.equal(shown(inner, new Bytes().u8(1)), ',"a":{"dev":1},"device":0');
});

Deno.test("numbers are numbers in JSON as far as they are exact, and strings beyond", async () => {
  const json = await rendererOf("__u64 u; __s64 s;", "", "json");
  for (
    const [value, u, s] of [
      [2n ** 53n - 1n, "9007199254740991", "9007199254740991"],
      [2n ** 53n, '"9007199254740992"', '"9007199254740992"'],
      [-(2n ** 53n), '"18437736874454810624"', "-9007199254740992"],
      [-(2n ** 53n) - 1n, '"18437736874454810623"', '"-9007199254740993"'],
      [-1n, '"18446744073709551615"', "-1"],
      [2n ** 32n, "4294967296", "4294967296"],
    ] as const
  ) {
    assert.equal(shown(json, new Bytes().u64(value).u64(value)), `,"u":${u},"s":${s}`);
  }
});

Deno.test("characters are shown so that a terminal is safe", async () => {
  const text = await rendererOf("char a[12]; char b;");
  const line = (a: Bytes) => shown(text, a).match(/ a: (.*) b: (.*) \)$/s)!.slice(1);
  const chars = (value: string) => new Bytes().text(value.padEnd(12, "\0"));
  assert.deepEqual(line(chars('a b\\"')), ['a b\\"', ""]);
  assert.deepEqual(line(new Bytes().text("caf\u00e9").u8(...Array(7).fill(0)).text("\t")), [
    "caf\u00e9",
    "\\x09",
  ]);
  assert.deepEqual(line(chars("\x1b[2J")), ["\\x1b[2J", ""]);
  assert.deepEqual(line(chars("\u009b2J")), ["\\x9b2J", ""]);
  assert.deepEqual(line(new Bytes().u8(0x41, 0xff, 0xc3)), ["A\\xff\\xc3", ""]);
});

Deno.test("addresses are shown as RFC 5952 wants it", async () => {
  const text = await rendererOf("__u16 a[8] __ipft_fmt_ipv6;");
  for (
    const address of [
      ..."::|::1|1::|2001:db8::1|2001:0:0:1::1|1:2:3:4:5:6:7:8|1:0:3:4:5:6:7:8|fe80::1:0:0:2".split(
        "|",
      ),
      ..."::ffff:192.0.2.1|::1:ffff:c000:201|64:ff9b::c000:201".split("|"),
    ]
  ) {
    assert.equal(shown(text, new Bytes().u8(...ipv6Bytes(address))), ` ( a: ${address} )`);
  }
});

/** The bytes of an IPv6 address, after the longest run of zeros, `::`, was written out again. */
function ipv6Bytes(address: string): number[] {
  const words = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)/, (_, ...bytes) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number);
    return `${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
  });
  const [left, right] = words.split("::").map((part) => part.split(":").filter(Boolean));
  const zeros = Array(8 - left.length - (right?.length ?? 0)).fill("0");
  return [...left, ...right === undefined ? [] : zeros, ...right ?? []]
    .flatMap((word) => [parseInt(word, 16) >> 8, parseInt(word, 16) & 0xff]);
}

Deno.test("an enum's value without a name is its number, flags without one their bits", async () => {
  const text = await rendererOf(
    "__u8 a __ipft_fmt_enum(e); __s64 b __ipft_fmt_enum(e); __u16 f __ipft_fmt_enum_flags(e);" +
      "__u32 g __ipft_fmt_enum_flags(z);",
    "enum { MINUS = -1, ONE = 1, TWO = 2, THREE = 3, BIG = 0x10000 } __ipft_ref(e);" +
      "enum { NONE, TOP = 0x80000000 } __ipft_ref(z);",
  );
  const of = (a: number, b: bigint, f: number, g: number) =>
    shown(text, new Bytes().u8(a, 0, 0, 0, 0, 0, 0, 0).u64(b).u16(f).u16(0).u32(g));
  assert.equal(of(255, -1n, 3, 0), " ( a: MINUS b: MINUS f: ONE|TWO g: NONE )");
  assert.equal(of(4, 65536n, 0, 0x80000001), " ( a: 4 b: BIG f: 0 g: TOP|0x1 )");
  assert.equal(of(0, -9n, 0xffff, 1), " ( a: 0 b: -9 f: MINUS g: 0x1 )");
});
