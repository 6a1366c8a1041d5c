import assert from "node:assert/strict";
import { parseCommandLine } from "../../../lib/cli/parse.ts";
import { EXPRESSION_WORDS } from "../../../lib/filter/expression_words.ts";
import { parse } from "../../support/command_line.ts";

/** The conditions that a command line gives, and what becomes of the sockets of its command. */
function filterOf(line: string) {
  const request = parse(line);
  assert(request.kind === "trace", line);
  const { filter, sockets } = request.options;
  const given = Object.entries({ ...filter, sockets }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

Deno.test("parseCommandLine takes operands for an expression, and combines conditions", () => {
  const mark = { value: 1, mask: 0xffff_ffff };
  const filters: Readonly<Record<string, ReturnType<typeof filterOf>>> = {
    "tcp": { expression: "tcp" },
    "host 192.0.2.1 and not port 22": { expression: "host 192.0.2.1 and not port 22" },
    "src -n 1 lua -v and doctor": { expression: "src lua and doctor" },
    "-m 1 icmp": { mark, expression: "icmp" },
    "--inner icmp": { inner: "icmp" },
    "--inner icmp udp -- ping": { expression: "udp", inner: "icmp" },
    "--netns pid:1 --ifname eth0@blue": { netns: "pid:1", ifname: "eth0@blue" },
    "--pid 12": { process: { pid: 12, comm: undefined } },
    "--comm curl tcp": { process: { pid: undefined, comm: "curl" }, expression: "tcp" },
    "--pid 12 --comm curl --mark-command -- ping": {
      process: { pid: 12, comm: "curl" },
      sockets: "follow",
    },
    "--all": {},
    "--all -- ping": {},
    "-- ping": { sockets: "follow" },
    "--mark-command -- ping": { sockets: "follow" },
    "--mark-command icmp -- ping": { expression: "icmp", sockets: "follow" },
    "icmp -- ping": { expression: "icmp" },
    "-m 1 -- ping": { mark },
    "-m 1 --mark-command -- ping": { mark, sockets: "mark" },
    "-m 1 --cgroup / --mark-command -- ping": { mark, cgroup: "/", sockets: "mark" },
  };
  for (const [line, expected] of Object.entries(filters)) {
    assert.deepEqual(filterOf(line), expected, line);
  }
  const anyInner = parseCommandLine(["--inner", ""]);
  assert(anyInner.kind === "trace");
  assert.equal(anyInner.options.filter.inner, "");
  const blank = parseCommandLine(["-m", "1", " ", ""]);
  assert(blank.kind === "trace");
  assert.equal(blank.options.filter.expression, undefined);
});

Deno.test("parseCommandLine takes a word for an expression that it could begin with", () => {
  for (const word of [...EXPRESSION_WORDS, "1234", "192.0.2.1", "tcp[13]"]) {
    assert.deepEqual(filterOf(word), { expression: word });
  }
});

Deno.test("parseCommandLine says in one line which filter it does not take", () => {
  const nothing = "no filter given; say which packets to trace, " +
    "e.g. ipft 'host 192.0.2.1 and tcp port 443', ipft -m 1234, or see ipft --help";
  const every = "--all with a condition; give one: --all traces every packet, whatever it is";
  const unmarked = "every packet without a mark would match";
  const messages: Readonly<Record<string, string>> = {
    "": nothing,
    "-o json": nothing,
    "--": nothing,
    "--mask 0xf0": "--mask without --mark; add the mark: ipft -m 0x10 --mask 0xf0",
    "--mask 0xf0 -- ping": "--mask without --mark; add the mark: ipft -m 0x10 --mask 0xf0",
    "--all -m 1": every,
    "--all tcp": every,
    "--all --pid 1": every,
    "--all --comm a": every,
    "--pid 0": "--pid 0 is too small; give 1 or more",
    "--pid self": "--pid 'self' is not a 32-bit number; " +
      "give it in decimal (1234), hexadecimal (0x4d2) or octal (02322), at most 0xffffffff",
    "--all --inner tcp": every,
    "--all --mark-command -- ping": every,
    "--cgroup /a --mark-command -- ping": "both --cgroup and --mark-command given; " +
      "give one: the command runs in a cgroup of its own",
    "-m 1 --mark-command": "--mark-command without a command; " +
      "add one: ipft --mark-command -- COMMAND",
    "-m 0": `--mark 0: ${unmarked}; give another mark, e.g. ipft -m 1234`,
    "-m 1 --mask 0": `--mask 0: ${unmarked}; give a mask that covers the mark's bits`,
    "-m 0x100 --mask 255": "--mark 0x100 and --mask 0xff have no bit in common: " +
      `${unmarked}; give a mask that covers the mark's bits`,
    "doctr": "unknown argument 'doctr'; did you mean doctor? see ipft --help",
    "list": "unknown argument 'list'; did you mean --list? see ipft --help",
  };
  for (const [line, message] of Object.entries(messages)) {
    assert.throws(() => parse(line), { name: "IpftError", exitCode: 2, message }, `ipft ${line}`);
  }
});
