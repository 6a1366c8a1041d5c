import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCommandLine } from "../../../lib/cli/parse.ts";
import { versionText } from "../../../lib/commands/version.ts";
import { IpftError } from "../../../lib/base/errors.ts";
import type { TraceOptions } from "../../../lib/cli/options.ts";

/** The command line, split at spaces. */
function parse(line: string) {
  return parseCommandLine(line.split(" ").filter(Boolean));
}

function traceOptions(line: string): TraceOptions {
  const command = parse(line);
  assert.equal(command.kind, "trace");
  return command.kind === "trace" ? command.options : assert.fail();
}

function help(line: string): string {
  const command = parse(line);
  return command.kind === "print" ? command.text : assert.fail(`${line} does not print`);
}

Deno.test("parseCommandLine fills in the documented defaults", () => {
  assert.deepEqual(traceOptions("-m 1234"), {
    mark: 1234,
    mask: 0xffff_ffff,
    backend: undefined,
    tracer: "function",
    output: "aggregate",
    outputPath: undefined,
    extension: undefined,
    filter: { functionRegex: undefined, moduleRegex: undefined },
    bufferSizeBytes: 64 * 2 ** 20,
    packets: undefined,
    durationMs: undefined,
    command: undefined,
    markCommand: false,
    setRlimit: true,
    probeServer: undefined,
    verbose: false,
  });
});

Deno.test("parseCommandLine reads every option, short and long", () => {
  const expected = {
    mark: 0x10,
    mask: 0xf0,
    backend: "kprobe-multi",
    tracer: "function",
    output: "json",
    outputPath: "a.json",
    extension: { language: "lua", path: "foo.lua" },
    filter: { functionRegex: /^ip_/, moduleRegex: /^nf_/ },
    bufferSizeBytes: 2 ** 17,
    packets: 3,
    durationMs: 90_000,
    command: undefined,
    markCommand: false,
    setRlimit: true,
    probeServer: undefined,
    verbose: true,
  };
  const long = "--mark 0x10 --mask 0xf0 --backend kprobe-multi --tracer function --output json " +
    "--regex ^ip_ --module-regex ^nf_ --buffer-size 100K --duration 1.5m --packets 3 --write a.json --script foo.lua --verbose";
  const short = "-m 0x10 --mask 0xf0 -b kprobe-multi -t function -o json -r ^ip_ " +
    "--module-regex ^nf_ --buffer-size 100K -d 90 -n 3 -w a.json -s foo.lua -v";
  assert.deepEqual(traceOptions(long), expected);
  assert.deepEqual(traceOptions(short), expected);
});

Deno.test("parseCommandLine takes a value attached, after = or as the next argument", () => {
  for (const line of ["-m1234", "-m 1234", "--mark=1234", "--mark 1234", "-vm1234", "-m 02322"]) {
    assert.equal(traceOptions(line).mark, 1234, line);
  }
});

Deno.test("parseCommandLine lets the last of repeated options win", () => {
  const options = traceOptions("-m 1 -o json -r a -m 2 -o stream -r b");
  assert.deepEqual([options.mark, options.output], [2, "stream"]);
  assert.deepEqual(options.filter.functionRegex, /b/);
});

Deno.test("parseCommandLine reads -l with its filters and without a mark", () => {
  const filter = { functionRegex: /^ip_/, moduleRegex: /vmlinux/ };
  assert.deepEqual(parse("-l -r ^ip_ --module-regex vmlinux"), { kind: "list", filter });
  assert.equal(parse("--list -m 5").kind, "list");
});

Deno.test("parseCommandLine tells an extension's language by its name", () => {
  for (const [name, language] of [["a.c", "c"], ["./a.bpf.c", "c"], ["x/a.o", "object"]]) {
    const expected = { language, path: name };
    assert.deepEqual(traceOptions(`-m 1 -e ${name}`).extension, expected);
    assert.deepEqual(traceOptions(`-m 1 --extension=${name}`).extension, expected);
  }
  const lua = { language: "lua", path: "a.lua" };
  assert.deepEqual(traceOptions("-m 1 -e a.lua").extension, lua);
  assert.deepEqual(traceOptions("-m 1 -s a.c").extension, { language: "lua", path: "a.c" });
});

Deno.test("parseCommandLine takes the options of ipftrace2, and gives them their nearest meaning", () => {
  const { probeServer, setRlimit, bufferSizeBytes } = traceOptions(
    "-m 1 --enable-probe-server --no-set-rlimit --perf-page-count 100 --perf-sample-period 1 " +
      "--perf-wakeup-events 0x10",
  );
  assert.deepEqual(probeServer, { hostname: "127.0.0.1", port: 13720 });
  assert.equal(setRlimit, false);
  const needed = 100 * 4096 * navigator.hardwareConcurrency;
  assert.ok(bufferSizeBytes >= needed && bufferSizeBytes < 2 * needed, `${bufferSizeBytes}`);
  assert.equal(Math.log2(bufferSizeBytes) % 1, 0);
  const elsewhere = "-m 1 --enable-probe-server --probe-server-address ::1 --probe-server-port 80";
  assert.deepEqual(traceOptions(elsewhere).probeServer, { hostname: "::1", port: 80 });
  assert.equal(traceOptions("-m 1 --probe-server-port 80").probeServer, undefined);
});

Deno.test("parseCommandLine leaves what follows -- to the command that is run", () => {
  assert.deepEqual(traceOptions("-m 1 -- ping -c 1 -m 1 -- x").command, [
    ..."ping -c 1 -m 1 -- x".split(" "),
  ]);
  assert.equal(traceOptions("-m 1 --").command, undefined);
  assert.equal(traceOptions("-m 1 --mark-command -- curl").markCommand, true);
});

Deno.test("parseCommandLine reads --gen", () => {
  const templates = ["bpf-module-skeleton", "bpf-module-header", "lua-script", "man-page"];
  for (const template of [...templates, "completion-bash", "completion-zsh", "completion-fish"]) {
    assert.deepEqual(parse(`--gen ${template}`), { kind: "generate", template });
  }
});

Deno.test("parseCommandLine reads doctor, with -v on either side", () => {
  assert.deepEqual(parse("doctor"), { kind: "doctor", verbose: false });
  assert.deepEqual(parse("doctor -v"), { kind: "doctor", verbose: true });
  assert.deepEqual(parse("-v doctor"), { kind: "doctor", verbose: true });
});

Deno.test("parseCommandLine reads --version", () => {
  assert.deepEqual(parse("--version"), { kind: "version" });
  assert.match(versionText(), /^ipft \d+\.\d+\.\d+ \(source tree\)\nDeno 2\.\S+, libbpf 1\.\d+\n$/);
});

Deno.test("parseCommandLine's help names every option and fits 80 columns", () => {
  const text = help("--help");
  assert.equal(help("-h"), text);
  const options =
    "-b, --backend|--mark-command|--buffer-size|-h, --help|-l, --list|-m, --mark|--mask|--module-regex|" +
    "-o, --output|-r, --regex|-t, --tracer|-v, --verbose|--version|doctor|-e, --extension|" +
    "-d, --duration|-n, --packets|-w, --write|-s, --script|--gen|--enable-probe-server|--probe-server-port|--probe-server-address|" +
    "--no-set-rlimit|--perf-page-count|--perf-sample-period|--perf-wakeup-events";
  for (const option of options.split("|")) assert.ok(text.includes(`  ${option} `), option);
  for (const line of [...text.split("\n"), ...help("doctor --help").split("\n")]) {
    assert.ok(line.length <= 80, line);
  }
  assert.match(text, /^Usage: ipft -m MARK/);
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

Deno.test("parseCommandLine says in one line what is wrong and what to do", () => {
  const uint32 = "is not a 32-bit number; " +
    "give it in decimal (1234), hexadecimal (0x4d2) or octal (02322), at most 0xffffffff";
  const unmarked = "every packet without a mark would match";
  const messages: Readonly<Record<string, string>> = {
    "": "no mark given; name the packets to trace, e.g. ipft -m 1234, or see ipft --help",
    "-o json": "no mark given; name the packets to trace, e.g. ipft -m 1234, or see ipft --help",
    "--makr 5": "unknown option --makr; did you mean --mark? see ipft --help",
    "--makr=5": "unknown option --makr; did you mean --mark? see ipft --help",
    "--marsk 5": "unknown option --marsk; did you mean --mark? see ipft --help",
    "--color never": "unknown option --color; see ipft --help",
    "-m 1 -x": "unknown option -x; see ipft --help",
    "doctor --mark 1": "unknown option --mark; see ipft --help",
    "-m": "-m, --mark MARK lacks its value; see ipft --help",
    "--list=1": "--list takes no value; see ipft --help",
    "doctr": "unknown argument 'doctr'; did you mean doctor? see ipft --help",
    "list": "unknown argument 'list'; did you mean --list? see ipft --help",
    "1234": "unknown argument '1234'; see ipft --help",
    "-m 1 --mark-command": "--mark-command without a command; " +
      "name it: ipft -m 1234 --mark-command -- COMMAND",
    "-l -- ping": "'ping' cannot be run: nothing is traced; see ipft --help",
    "-m 1 -d 10d": "--duration '10d' is not a time; " +
      "give a number with ms, s, m or h (10s), more than 0 and at most 24 days",
    "-m 1 -d 0": "--duration '0' is not a time; " +
      "give a number with ms, s, m or h (10s), more than 0 and at most 24 days",
    "doctor all": "unknown argument 'all'; see ipft --help",
    "-m 08": `--mark '08' ${uint32}`,
    "-m -1": `--mark '-1' ${uint32}`,
    "-m --mask 1": `--mark '--mask' ${uint32}`,
    "-m 1 --mask=": `--mask '' ${uint32}`,
    "-m 0": `--mark 0: ${unmarked}; give another mark, e.g. ipft -m 1234`,
    "-m 1 --mask 0": `--mask 0: ${unmarked}; give a mask that covers the mark's bits`,
    "-m 0x100 --mask 255": "--mark 0x100 and --mask 0xff have no bit in common: " +
      `${unmarked}; give a mask that covers the mark's bits`,
    "-m 1 -o jsn": "--output 'jsn' is not known; give json, stream or aggregate",
    "-m 1 -b kprob": "--backend 'kprob' is not known; give kprobe, ftrace or kprobe-multi",
    "-m 1 -t functions": "--tracer 'functions' is not known; give function or function_graph",
    "-m 1 -r (": "--regex '(' is not a regular expression: Unterminated group",
    "-l --module-regex a:*?*": "--module-regex 'a:*?*' is not a regular expression: " +
      "Nothing to repeat",
    "-m 1 -e foo.txt": "--extension 'foo.txt' ends in neither .c, .o nor .lua; " +
      "the name of the file says how it is used",
    "-m 1 -e c": "--extension 'c' ends in neither .c, .o nor .lua; " +
      "the name of the file says how it is used",
    "-m 1 -e a.c -s b.lua": "both --script and --extension given; an event has data of one of them",
    "--gen lua": "--gen 'lua' is not known; " +
      "give lua-script, bpf-module-header or bpf-module-skeleton",
    "--gen completion": "--gen 'completion' is not known; " +
      "give completion-zsh, completion-bash or completion-fish",
    "--gen x": "--gen 'x' is not known; give man-page, lua-script, completion-zsh, " +
      "completion-bash, completion-fish, bpf-module-header or bpf-module-skeleton",
    "-m 1 --probe-server-port 65536": "--probe-server-port '65536' is not a TCP port; " +
      "give one from 1 to 65535",
    "-m 1 --perf-page-count 0": "--perf-page-count 0: it must be 1 at least",
    "-m 1 --perf-page-count 0xffffffff":
      "--perf-page-count 4294967295 is more than 2 GiB on this " +
      "machine; give fewer pages",
    "-m 1 --perf-page-count 1 --buffer-size 1M":
      "both --buffer-size and --perf-page-count given; " +
      "they are the same buffer",
    "-m 1 --buffer-size 3G": "--buffer-size '3G' is not a size for a ring buffer; " +
      "give bytes, or a number with K, M or G (64M), more than 0 and at most 2G",
  };
  for (const [line, message] of Object.entries(messages)) {
    assert.throws(() => parse(line), { name: "IpftError", exitCode: 2, message }, `ipft ${line}`);
  }
});

Deno.test("parseCommandLine takes the top bit of mark and mask for a bit like any other", () => {
  assert.equal(traceOptions("-m 0x80000000 --mask 0x80000000").mark, 0x8000_0000);
});

Deno.test("parseCommandLine answers any arguments with a command or one line of wrong usage", () => {
  const known = fc.constantFrom(
    ...("-m -m1 --mark --mark= --mask --mask=1 -r --regex --module-regex -o -o=json --output json " +
      "-l --list -v -h --help --version doctor -b kprobe -t function --buffer-size 64M 1 0x10 -- - " +
      "-e a.c -ea.o -s --gen lua-script -lv -mv --no-list --help=1 __proto__ --__proto__ help")
      .split(" "),
  );
  const args = fc.array(fc.oneof(known, fc.string()), { maxLength: 6 });
  fc.assert(
    fc.property(args, (args) => {
      try {
        assert.match(parseCommandLine(args).kind, /^(?:trace|list|doctor|generate|version|print)$/);
      } catch (error) {
        assert.ok(error instanceof IpftError, String(error));
        assert.equal(error.exitCode, 2);
        assert.ok(!error.message.includes("\n"), error.message);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("parseCommandLine reads what ipft lua is to try", () => {
  const trial = (line: string) => {
    const command = parse(line);
    return command.kind === "lua" ? command.trial : assert.fail();
  };
  const data = Uint8Array.from({ length: 64 }, (_, i) => [0xef, 0xbe][i] ?? 0);
  assert.deepEqual(trial("lua foo.lua --data ef:be"), { script: "foo.lua", data, isJson: false });
  assert.deepEqual(trial("lua foo.lua -o json --data=EFBE").isJson, true);
  assert.deepEqual(trial("lua foo.lua").data, new Uint8Array(64));
  for (
    const [line, message] of [
      ["lua", "no argument SCRIPT given"],
      ["lua foo.lua bar.lua", "unknown argument 'bar.lua'"],
      ["lua foo.lua --data efb", "--data 'efb' is not up to 64 bytes in hexadecimal"],
      ["lua foo.lua -o yaml", "--output 'yaml' is not known"],
    ]
  ) {
    assert.throws(() => parse(line), (error) => {
      assert(error instanceof IpftError && error.exitCode === 2);
      assert(error.message.startsWith(message), error.message);
      return true;
    });
  }
});
