/** What others' texts may do to a terminal: nothing. */
import assert from "node:assert/strict";

const ROOT = new URL("../../../", import.meta.url).pathname;
const COMMAND = [Deno.execPath(), "run", "-A", "--no-check", `${ROOT}main.ts`];

async function output(command: readonly string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(command[0], { args: command.slice(1) })
    .output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** What ipft shows on a terminal, which script(1) gives it, and what a pipe gets. */
async function shown(...args: string[]): Promise<{ terminal: string; pipe: string }> {
  const line = [...COMMAND, ...args].map((word) => `'${word}'`).join(" ");
  return {
    terminal: (await output(["script", "-qec", line, "/dev/null"])).replaceAll("\r\n", "\n"),
    pipe: await output([...COMMAND, ...args]),
  };
}

// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

Deno.test("what a script says reaches a terminal escaped, and a pipe as it is", async () => {
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  await Deno.writeTextFile(
    script,
    `api_version = 1
print("print\\27[2J")
io.stderr:write("stderr\\27[2J\\n")
function decode() return { ["key\\27]0;a\\7"] = "value\\r\\155\\n" } end`,
  );
  const { terminal, pipe } = await shown("lua", script);
  assert.doesNotMatch(terminal, CONTROL);
  for (
    const text of [
      "print\\x1b[2J\n",
      "stderr\\x1b[2J\n",
      "key\\x1b]0;a\\x07: value\\x0d\\x9b\\x0a )\n",
    ]
  ) {
    assert(terminal.includes(text), terminal);
  }
  for (const text of ["print\x1b[2J\n", "stderr\x1b[2J\n", "key\x1b]0;a\x07: value\r"]) {
    assert(pipe.includes(text), pipe);
  }
  const json = await output([...COMMAND, "lua", script, "-o", "json"]);
  assert.doesNotMatch(json.replaceAll(/^(?:print|stderr).*$/gm, ""), CONTROL);
  JSON.parse(json.split("\n").find((line) => line.startsWith("{"))!);
  await Deno.remove(script);
});

Deno.test("errors are one line, whatever is in an argument, an error of a script or a name", async () => {
  const evil = "\x1b[2J\x07\r\n\x9b";
  const escaped = "\\x1b[2J\\x07\\x0d\\x0a\\x9b";
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  await Deno.writeTextFile(script, `api_version = 1\nerror("${"\\27[2J\\r\\n\\7"}")`);
  for (
    const [args, text] of [
      [["-l", evil], `unknown argument '${escaped}'`],
      [[`--${evil}`], `unknown option --${escaped}`],
      [["-m", evil], `--mark '${escaped}' is not a 32-bit number`],
      [["-m", "1", "-r", `(${evil}`], `--regex '(${escaped}' is not a regular expression`],
      [["--inner", `tcp[${evil}`], `--inner 'tcp[${escaped}': can't parse filter expression`],
      [["-m", "1", "-e", `/no/${evil}.c`], `cannot read the extension /no/${escaped}.c`],
      [["lua", `/no/${evil}`], `cannot read the script /no/${escaped}`],
      [["lua", script], "\\x1b[2J \\x07"],
    ] as const
  ) {
    const message = await output([...COMMAND, ...args]);
    assert(message.includes(text), message);
    assert.doesNotMatch(message, CONTROL);
    const lines = message.trimEnd().split("\n").filter((line) => !line.startsWith("  "));
    assert.equal(lines.length, 1, message);
  }
  await Deno.remove(script);
});
