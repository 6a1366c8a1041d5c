import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCommandLine } from "../../../lib/cli/parse.ts";
import { generated } from "../../../lib/generate/generate.ts";
import { roff } from "../../../lib/generate/man_page.ts";

const PAGE = generated("man-page");

/** What a terminal shows of roff: without fonts, escapes resolved. */
function shown(text: string): string {
  const characters: Readonly<Record<string, string>> = {
    "\\e": "\\",
    "\\-": "-",
    "\\(aq": "'",
    "\\(ga": "`",
    "\\(ha": "^",
    "\\(ti": "~",
    "\\&": "",
  };
  return text.replaceAll(/\\f[BIR]/g, "")
    .replaceAll(/\\(?:\(..|.)/g, (escape) => characters[escape] ?? assert.fail(escape));
}

/** The lines of a section, the heading left out. */
function section(name: string): string[] {
  const [, text] = PAGE.split(`.SH ${name}\n`);
  return text.split("\n.SH ")[0].trimEnd().split("\n");
}

function help(...args: string[]): string {
  const command = parseCommandLine([...args, "--help"]);
  return command.kind === "print" ? command.text : assert.fail();
}

Deno.test("the man page has its sections in the order of man-pages(7)", () => {
  assert.deepEqual([...PAGE.matchAll(/^\.SH (.*)/gm)].map(([, name]) => name), [
    ..."NAME,SYNOPSIS,DESCRIPTION,OPTIONS,COMMANDS,OUTPUT,EXIT STATUS,ENVIRONMENT,FILES".split(","),
    "EXAMPLES",
    "SEE ALSO",
  ]);
  assert.match(PAGE, /^[.]\\" .*\n[.]TH IPFT 1 "" "ipft \d+\.\d+\.\d+" "User Commands"\n/);
  assert.match(section("NAME")[0], /^ipft \\- \w/);
});

Deno.test("the man page is made of requests of man(7), and escapes what a reader may copy", () => {
  for (const line of PAGE.trimEnd().split("\n")) {
    assert.notEqual(line.trim(), "", "an empty line");
    assert.doesNotMatch(line, /^'/, line);
    if (line.startsWith(".")) {
      assert.match(line, /^[.](?:\\"|TH|SH|SS|TP|PP|B|BR|RB|I|IR|br|nh|ad)(?: |$)/, line);
    }
    assert.doesNotMatch(line.replace(/^[.]\\"/, ""), /(?<!\\)-|[`^~]|(?<!^)'|@[A-Z]+@/, line);
    shown(line.replace(/^[.]\\"/, "")); // knows every escape
    const fonts = [...line.matchAll(/\\f(.)/g)].map(([, font]) => font).join("");
    assert.match(fonts, /^(?:[BI]R)*$/, line);
  }
});

Deno.test("the man page has every option of the help below the heading of its group", () => {
  const described = (text: string) => text.replaceAll(/\s+/g, " ");
  const page = described(section("OPTIONS").map(shown).join("\n"));
  let at = 0;
  const [, ...groups] = help().split("\nCommands:")[0].split(/\n\n(?=\S.*:\n {2}-)/);
  assert.ok(groups.length >= 4);
  for (const group of groups) {
    const [heading, ...lines] = group.split("\n");
    const items = lines.join("\n").split(/\n(?= {2}-)/);
    at = page.indexOf(`.SS ${heading.slice(0, -1)} `, at);
    assert.ok(at >= 0, heading);
    for (const item of items) {
      const [, term, text] = /^ {2}(.*?) {2,}([^]*)$/.exec(item) ?? assert.fail(item);
      const expected = described(`.TP ${term} ${text}`).trim();
      at = page.indexOf(expected, at);
      assert.ok(at >= 0, expected);
    }
  }
  const commands = section("COMMANDS").map(shown).join(" ");
  for (
    const words of ["ipft lua SCRIPT [--data HEX]", "--data HEX", "ipft doctor", "-v, --verbose"]
  ) {
    assert.ok(commands.includes(words), words);
  }
});

Deno.test("the man page has the usage and the examples of the help", () => {
  const usage = help().split("\n\n")[0].replace("Usage:", "").split("\n");
  const synopsis = section("SYNOPSIS").map(shown).join(" ").replaceAll(".B ", "").split(" .br ");
  assert.deepEqual(synopsis, usage.map((line) => line.trim()));
  const [, examples] = help().split("Examples:\n");
  const expected = examples.trimEnd().split("\n").flatMap((line) => line.trim().split(/ {2,}/));
  const lines = section("EXAMPLES").filter((line) => !/^[.](?:TP|PP)$/.test(line)).map(shown);
  assert.deepEqual(lines, expected);
});

Deno.test("the man page names the environment that ipft reads", () => {
  const names = section("ENVIRONMENT").filter((line) => line.startsWith(".B ")).map((line) =>
    line.slice(3)
  );
  assert.deepEqual(names, "CC CFLAGS IPFT_LIBBPF IPFT_LIBPCAP NO_COLOR TERM TMPDIR".split(" "));
});

Deno.test("roff shows any text as it is, and takes no line for a request", () => {
  const text = fc.string({ unit: fc.constantFrom(..."\\-.'`^~(\nfBR&e a") });
  fc.assert(
    fc.property(text, (text) => {
      const escaped = roff(text);
      assert.doesNotMatch(escaped, /^[.']/m);
      assert.equal(shown(escaped), text);
    }),
    { numRuns: 1000 },
  );
});
