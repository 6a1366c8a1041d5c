import assert from "node:assert/strict";
import fc from "fast-check";
import { parseCommandLine } from "../../../lib/cli/parse.ts";
import { parse } from "../../support/command_line.ts";
import { versionText } from "../../../lib/commands/version.ts";
import { IpftError } from "../../../lib/base/errors.ts";
import { SECTIONS } from "../../../lib/sections/sections.ts";
import type { TraceOptions } from "../../../lib/cli/request.ts";

function traceOptions(line: string): TraceOptions {
  const command = parse(line);
  assert.equal(command.kind, "trace");
  return command.kind === "trace" ? command.options : assert.fail();
}

const NO_CONDITION = {
  mark: undefined,
  expression: undefined,
  inner: undefined,
  netns: undefined,
  ifname: undefined,
  cgroup: undefined,
  process: undefined,
};

Deno.test("parseCommandLine fills in the documented defaults", () => {
  assert.deepEqual(traceOptions("-m 1234"), {
    filter: { ...NO_CONDITION, mark: { value: 1234, mask: 0xffff_ffff } },
    functions: { functionRegex: undefined, moduleRegex: undefined },
    backend: undefined,
    tracer: "function",
    follow: { maxPackets: 65536 },
    programs: false,
    sections: [],
    outputs: [{ format: "aggregate", path: undefined }],
    extension: undefined,
    bufferSizeBytes: 64 * 2 ** 20,
    packets: undefined,
    durationMs: undefined,
    command: undefined,
    memoryBytes: undefined,
    setRlimit: true,
    probeServer: undefined,
    tmp: undefined,
    verbose: false,
  });
});

Deno.test("parseCommandLine reads every option, short and long", () => {
  const expected = {
    filter: {
      mark: { value: 0x10, mask: 0xf0 },
      expression: "tcp port 80",
      inner: "icmp",
      netns: "blue",
      ifname: "eth0",
      cgroup: "/a",
      process: { pid: 12, comm: "curl" },
    },
    functions: { functionRegex: "^ip_", moduleRegex: "^nf_" },
    backend: "kprobe-multi",
    tracer: "function",
    follow: { maxPackets: 16 },
    programs: true,
    sections: [...SECTIONS],
    outputs: [{ format: "stream", path: "a.json" }],
    extension: { language: "lua", path: "foo.lua" },
    bufferSizeBytes: 2 ** 17,
    packets: 3,
    durationMs: 90_000,
    command: undefined,
    memoryBytes: 2 ** 28,
    setRlimit: true,
    probeServer: undefined,
    tmp: "/mnt",
    verbose: true,
  };
  const long = "--mark 0x10 --mask 0xf0 --backend kprobe-multi --tracer function --output stream " +
    "--regex ^ip_ --module-regex ^nf_ --buffer-size 100K --duration 1.5m --packets 3 --write a.json --memory 256M --tmp /mnt --show all --script foo.lua --verbose --max-followed 16 --programs " +
    "--netns blue --ifname eth0 --cgroup /a --pid 12 --comm curl --inner icmp tcp port 80";
  const short = "-m 0x10 --mask 0xf0 -b kprobe-multi -t function -o stream -r ^ip_ " +
    "--module-regex ^nf_ --buffer-size 100K -d 90 -n 3 -w a.json --memory 0x10000000 --tmp=/mnt --show all -s foo.lua -v tcp --netns=blue --max-followed=0x10 --programs " +
    "--ifname=eth0 --cgroup=/a --pid=0xc --comm=curl port --inner=icmp 80";
  assert.deepEqual(traceOptions(long), expected);
  assert.deepEqual(traceOptions(short), expected);
});

Deno.test("parseCommandLine takes a value attached, after = or as the next argument", () => {
  for (const line of ["-m1234", "-m 1234", "--mark=1234", "--mark 1234", "-vm1234", "-m 02322"]) {
    assert.equal(traceOptions(line).filter.mark?.value, 1234, line);
  }
});

Deno.test("parseCommandLine lets the last of repeated options win", () => {
  const { filter, functions, packets } = traceOptions("-m 1 -n 3 -r a -m 2 -n 4 -r b");
  assert.deepEqual([filter.mark?.value, packets], [2, 4]);
  assert.deepEqual(functions.functionRegex, "b");
});

Deno.test("parseCommandLine reads how many packets are followed", () => {
  assert.equal(traceOptions("-m 1 --no-follow").follow, undefined);
  assert.deepEqual(traceOptions("-m 1 --max-followed 1").follow, { maxPackets: 1 });
  assert.deepEqual(traceOptions("-m 1 --max-followed 4194304").follow, { maxPackets: 2 ** 22 });
});

Deno.test("parseCommandLine pairs each -o with a -w", () => {
  const outputs = (line: string) =>
    traceOptions(`-m 1 ${line}`).outputs.map(({ format, path }) =>
      path ? `${format} ${path}` : format
    );
  assert.deepEqual(outputs("-o aggregate -o json -w x.json"), ["aggregate", "json x.json"]);
  assert.deepEqual(outputs("-w x.txt -v -o json"), ["json x.txt"]);
  assert.deepEqual(outputs("-wa.txt --write=b.json"), ["aggregate a.txt", "json b.json"]);
  assert.deepEqual(outputs("-o json -w - --write b"), ["json", "aggregate b"]);
});

Deno.test("parseCommandLine reads -l with its filters and without a mark", () => {
  const functions = { functionRegex: "^ip_", moduleRegex: "vmlinux" };
  assert.deepEqual(parse("-l -r ^ip_ --module-regex vmlinux"), { kind: "list", functions });
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
  assert.match(
    versionText(),
    /^ipft \d+\.\d+\.\d+ \(source tree\)\nDeno 2\.\S+, libbpf 1\.\d+, libpcap 1\.10\.\d+\n$/,
  );
});

Deno.test("parseCommandLine says in one line what is wrong and what to do", () => {
  const uint32 = "is not a 32-bit number; " +
    "give it in decimal (1234), hexadecimal (0x4d2) or octal (02322), at most 0xffffffff";
  const messages: Readonly<Record<string, string>> = {
    "--makr 5": "unknown option --makr; did you mean --mark? see ipft --help",
    "--makr=5": "unknown option --makr; did you mean --mark? see ipft --help",
    "--marsk 5": "unknown option --marsk; did you mean --mark? see ipft --help",
    "--color never": "unknown option --color; see ipft --help",
    "-m 1 -x": "unknown option -x; see ipft --help",
    "doctor --mark 1": "unknown option --mark; see ipft --help",
    "-m": "-m, --mark MARK needs a value; see ipft --help",
    "--list=1": "--list takes no value; see ipft --help",
    "-l tcp": "unknown argument 'tcp'; see ipft --help",
    "-l -- ping": "-- ping: only a trace runs a command; see ipft --help",
    "-m 1 -d 10d": "--duration '10d' is not a duration; " +
      "give a number with ms, s, m or h (10s), above 0 and at most 24 days",
    "-m 1 -d 0": "--duration '0' is not a duration; " +
      "give a number with ms, s, m or h (10s), above 0 and at most 24 days",
    "doctor all": "unknown argument 'all'; see ipft --help",
    "-m 08": `--mark '08' ${uint32}`,
    "-m -1": `--mark '-1' ${uint32}`,
    "-m --mask 1": `--mark '--mask' ${uint32}`,
    "-m 1 --mask=": `--mask '' ${uint32}`,
    "-m 1 -o jsn": "--output 'jsn' is not known; give json, stream or aggregate",
    "-m 1 -o json -o stream": "two outputs on standard output; " +
      "give all but one a file: -o FORMAT -w FILE",
    "-m 1 -w - -o json -o stream": "two outputs on standard output; " +
      "give all but one a file: -o FORMAT -w FILE",
    "-m 1 -w a -w b -w a": "two outputs in the file 'a'; give each output its own file",
    "-m 1 --show al": "--show 'al' is not known; did you mean all? give " +
      ["all", "none", ...SECTIONS.map(({ name }) => name)].join(", ").replace(/, (?=\w+$)/, " or "),
    "-m 1 -b kprob": "--backend 'kprob' is not known; give kprobe, ftrace or kprobe-multi",
    "-m 1 -t functions": "--tracer 'functions' is not known; give function or function_graph",
    "-m 1 -e foo.txt": "--extension 'foo.txt' does not end in .c, .o or .lua; " +
      "rename it, or give a Lua script with --script",
    "-m 1 -e c": "--extension 'c' does not end in .c, .o or .lua; " +
      "rename it, or give a Lua script with --script",
    "-m 1 -e a.c -s b.lua": "both --script and --extension given; " +
      "give one: an event carries the data of only one",
    "--gen lua": "--gen 'lua' is not known; " +
      "give lua-script, bpf-module-header or bpf-module-skeleton",
    "--gen completion": "--gen 'completion' is not known; " +
      "give completion-zsh, completion-bash or completion-fish",
    "--gen x": "--gen 'x' is not known; give man-page, lua-script, completion-zsh, " +
      "completion-bash, completion-fish, bpf-module-header or bpf-module-skeleton",
    "-m 1 --probe-server-port 65536": "--probe-server-port '65536' is not a TCP port; " +
      "give one from 1 to 65535",
    "-m 1 --max-followed 0": "--max-followed '0' is not a number of packets to follow; " +
      "give one from 1 to 4194304",
    "-m 1 --max-followed 4194305": "--max-followed '4194305' is not a number of packets to " +
      "follow; give one from 1 to 4194304",
    "-m 1 --max-followed many": `--max-followed 'many' ${uint32}`,
    "-m 1 --max-followed 9 --no-follow": "both --max-followed and --no-follow given; " +
      "give one: without following, there is no such number",
    "-m 1 --perf-page-count 0": "--perf-page-count 0 is too small; give 1 or more",
    "-m 1 --perf-page-count 0xffffffff":
      "--perf-page-count 4294967295 is more than 2 GiB on this " +
      "machine; give fewer pages",
    "-m 1 --perf-page-count 1 --buffer-size 1M":
      "both --buffer-size and --perf-page-count given; " +
      "give one: both set the size of the same buffer",
    "-m 1 --buffer-size 3G": "--buffer-size '3G' is not a buffer size; " +
      "give a number of bytes, or one with K, M or G (64M), above 0 and at most 2G",
  };
  for (const [line, message] of Object.entries(messages)) {
    assert.throws(() => parse(line), { name: "IpftError", exitCode: 2, message }, `ipft ${line}`);
  }
});

Deno.test("parseCommandLine takes the top bit of mark and mask for a bit like any other", () => {
  assert.equal(traceOptions("-m 0x80000000 --mask 0x80000000").filter.mark?.value, 0x8000_0000);
});

Deno.test("parseCommandLine answers any arguments with a command or one line of wrong usage", () => {
  const known = fc.constantFrom(
    ...("-m -m1 --mark --mark= --mask --mask=1 -r --regex --module-regex -o -o=json --output json " +
      "-l --list -v -h --help --version doctor -b kprobe -t function --buffer-size 64M 1 0x10 -- - " +
      "-e a.c -ea.o -s -w a.json -wx --show all --gen lua-script -lv -mv --no-list --help=1 tcp --inner --netns --ifname --cgroup --pid --comm --all --mark-command __proto__ --__proto__ help")
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
  assert.deepEqual(trial("-o json -o stream lua foo.lua -o stream -o json").isJson, true);
  assert.deepEqual(trial("-o stream -o json lua foo.lua").isJson, true);
  assert.deepEqual(trial("lua foo.lua").data, new Uint8Array(64));
  for (
    const [line, message] of [
      ["lua", "no SCRIPT given"],
      ["lua foo.lua bar.lua", "unknown argument 'bar.lua'"],
      ["lua foo.lua --data efb", "--data 'efb' is not hexadecimal of at most 64 bytes"],
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
