import assert from "node:assert/strict";
import { parse } from "../../support/command_line.ts";

function help(line: string): string {
  const command = parse(line);
  return command.kind === "print" ? command.text : assert.fail(`${line} does not print`);
}

Deno.test("parseCommandLine's help names every option and fits 80 columns", () => {
  const text = help("--help");
  assert.equal(help("-h"), text);
  const options =
    "-b, --backend|--mark-command|--buffer-size|-h, --help|-l, --list|-m, --mark|--mask|--module-regex|" +
    "-o, --output|-r, --regex|-t, --tracer|-v, --verbose|--version|doctor|-e, --extension|" +
    "-d, --duration|--memory|--tmp|-n, --packets|-w, --write|--show|-s, --script|--gen|--enable-probe-server|--probe-server-port|--probe-server-address|" +
    "--no-set-rlimit|--perf-page-count|--perf-sample-period|--perf-wakeup-events";
  for (const option of options.split("|")) assert.ok(text.includes(`  ${option} `), option);
  for (const line of [...text.split("\n"), ...help("doctor --help").split("\n")]) {
    assert.ok(line.length <= 80, line);
  }
  assert.match(text, /^Usage: ipft \[options\] \[FILTER/);
  assert.ok(text.endsWith("\n") && !text.endsWith("\n\n"));
});

Deno.test("parseCommandLine's help gives examples that work", () => {
  const examples = help("--help").split("\n").filter((line) => line.startsWith("  ipft "));
  assert.ok(examples.length >= 3);
  for (const example of examples) {
    const [command] = example.trim().split(/ {2,}/);
    const kind = parse(command.slice("ipft ".length).replaceAll("'", "")).kind;
    assert.ok(kind === "trace" || kind === "list", example);
  }
});
