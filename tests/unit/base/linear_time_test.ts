/** Texts of any length take linear time: 100,000 characters within a second, however they are made. */
import assert from "node:assert/strict";
import { IpftError } from "../../../lib/base/errors.ts";
import { nearest } from "../../../lib/base/nearest.ts";
import { joinedLines, printableLines } from "../../../lib/base/printable.ts";
import { explainRefusal } from "../../../lib/bpf/verifier_log.ts";
import { Btf } from "../../../lib/btf/btf.ts";
import { parseCommandLine } from "../../../lib/cli/parse.ts";
import { openFilter } from "../../../lib/filter/open_filter.ts";
import { parseAvailableFunctions } from "../../../lib/kernel/available_functions.ts";
import { findOwnCgroup } from "../../../lib/kernel/cgroup.ts";
import { parseKallsyms } from "../../../lib/kernel/kallsyms.ts";
import { SymbolTable } from "../../../lib/kernel/symbol_table.ts";
import { findTracefs } from "../../../lib/kernel/tracefs.ts";
import { scriptError } from "../../../lib/lua/script_error.ts";
import { LuaError } from "../../../lib/lua/lua_value.ts";

const LENGTH = 100_000;

/** Texts that make careless expressions backtrack. */
const TEXTS = [
  " ",
  "\n",
  " \n",
  "\t",
  "a",
  "1",
  ".",
  "-",
  "(",
  "\\",
  "'bpf/",
  "1: (00) if goto pc+1",
  "[",
  "] ",
  "a b ",
  "x - ",
]
  .map((part) => part.repeat(LENGTH / part.length));

const encoder = new TextEncoder();

/** Ignores what is wrong with the text. */
function attempt(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof IpftError)) throw error;
  }
}

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  IpftError: (text) => new IpftError(text, text),
  joinedLines,
  printableLines,
  scriptError: (text) => scriptError("dump", new LuaError("error", text)),
  nearest: (text) => nearest(text, [text, `${text}x`, "mark"]),
  explainRefusal: (text) => explainRefusal([text, text]),
  findTracefs,
  findOwnCgroup: (text) => findOwnCgroup(text, text),
  parseKallsyms: (text) => parseKallsyms(encoder.encode(text), ["ip_rcv"]),
  SymbolTable: (text) => new SymbolTable(encoder.encode(text)).name(0xffff_ffff_8000_0000n),
  parseAvailableFunctions: (text) => parseAvailableFunctions(encoder.encode(text), ["ip_rcv"]),
  openFilter: (text) => {
    for (const request of [{ netns: text }, { ifname: text }, { ifname: `a@${text}` }]) {
      attempt(() => openFilter(request, () => {}));
    }
  },
  parseCommandLine: (text) => {
    for (const option of ["-m", "--buffer-size", "--duration", "-b", "--show", "-e", "-w"]) {
      attempt(() => parseCommandLine(["-m", "1", option, text]));
    }
    for (const word of [text, `-${text}`, `--${text}`]) attempt(() => parseCommandLine([word]));
    attempt(() => parseCommandLine(["lua", "x", "--data", text]));
  },
};

for (const [name, read] of Object.entries(READERS)) {
  Deno.test(`${name} takes linear time`, () => {
    for (const text of TEXTS) {
      const begin = performance.now();
      attempt(() => read(text));
      const ms = performance.now() - begin;
      assert(ms < 1000, `${ms} ms for ${JSON.stringify(text.slice(0, 20))}`);
    }
  });
}

Deno.test("kallsyms of many lines without the characters that end a name takes linear time", () => {
  const line = "ffffffff81000000Tip_rcv_core_of_it]\n";
  const content = encoder.encode(`ffffffff81000000 T ip_rcv]\n${line.repeat(LENGTH)}`);
  const begin = performance.now();
  assert.deepEqual(parseKallsyms(content, ["nothing"]), []);
  new SymbolTable(content);
  assert(performance.now() - begin < 2000);
});

Deno.test("types that share one endless string are refused, not read for ever", () => {
  const HEADER = 24, TYPES = 10_000, TYPE_BYTES = 12, STRING_BYTES = 1 << 20;
  const bytes = new Uint8Array(HEADER + TYPES * TYPE_BYTES + STRING_BYTES);
  const view = new DataView(bytes.buffer);
  const words = [[4, HEADER], [12, TYPES * TYPE_BYTES], [16, TYPES * TYPE_BYTES], [
    20,
    STRING_BYTES,
  ]];
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  for (const [at, word] of words) view.setUint32(at, word, true);
  for (let i = 0; i < TYPES; i++) {
    const FWD = 7;
    view.setUint32(HEADER + i * TYPE_BYTES, 1, true);
    view.setUint32(HEADER + i * TYPE_BYTES + 4, FWD << 24, true);
  }
  bytes.fill(0x61, HEADER + TYPES * TYPE_BYTES + 1, bytes.length - 1);
  const begin = performance.now();
  const btf = Btf.parse(bytes, { source: "a test" });
  for (let id = btf.firstId; id < btf.endId; id++) {
    assert.throws(() => btf.name(id), {
      message: "cannot read the BTF of a test: its string at 1 is longer than 4096 bytes",
    });
  }
  assert(performance.now() - begin < 1000);
});
