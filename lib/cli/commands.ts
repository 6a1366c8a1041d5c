import { BACKEND_NAMES } from "../bpf/attach/backends.ts";
import { DATA_BYTES } from "../event/section.ts";
import { TRACERS } from "../event/trace_header.ts";
import { TEMPLATE_NAMES } from "../extension/templates.ts";
import { EXPRESSION_WORDS } from "../filter/expression_words.ts";
import { formatOfPath, FORMATS } from "../output/formats.ts";
import { SECTIONS } from "../sections/sections.ts";
import { parseBytes, parseDuration, parseMemory, parseRingSize, parseUint32 } from "./numbers.ts";
import { COMPLETION_NAMES, DEFAULT_FOLLOWED } from "./request.ts";
import { type Command, flag, valued } from "./option.ts";
import {
  choice,
  device,
  extension,
  file,
  followedPackets,
  MOST_FOLLOWED,
  namespace,
  port,
  positive,
  regex,
  script,
  sectionList,
  text,
} from "./values.ts";

const HELP = { help: flag("-h, --help", "show this help") };

/** @param fallback the format without this option, for the help */
function output(fallback: string) {
  const formats = FORMATS.map(({ name, description }) => `${name}: ${description}`);
  return valued(
    "-o, --output FORMAT",
    `${formats.join("; ")} (default: ${fallback})`,
    choice(FORMATS.map(({ name }) => name)),
  );
}

const DEFAULT_FORMAT = formatOfPath("").name;

const VERBOSE = {
  verbose: flag("-v, --verbose", "show what libbpf and the kernel's verifier log"),
};

const PACKETS = {
  mark: valued("-m, --mark MARK", "packets with this mark", parseUint32),
  mask: valued("--mask MASK", "bits of the mark to compare (default: 0xffffffff)", parseUint32),
  inner: valued(
    "--inner EXPRESSION",
    "packets of VXLAN, GENEVE, GRE and IP in IP whose inner headers match this expression",
    text,
  ),
  netns: valued(
    "--netns NS",
    "packets in this network namespace: a name below /run/netns, a path, pid:N, an inode number, or self",
    namespace,
  ),
  ifname: valued(
    "--ifname IF",
    "packets on this interface, in any namespace; IF@NS: in that one",
    device,
  ),
  cgroup: valued(
    "--cgroup PATH",
    "packets of the sockets of this cgroup and those below it, such as /system.slice/ssh.service",
    file,
  ),
  pid: valued("--pid PID", "packets of the sockets of this process", positive),
  comm: valued(
    "--comm NAME",
    "packets of the sockets of all processes of this name, such as nginx",
    text,
  ),
  all: flag("--all", "every packet"),
  markCommand: flag(
    "--mark-command",
    "only packets of COMMAND's sockets; with -m, what these send gets the mark instead",
  ),
};

const FUNCTIONS = {
  regex: valued(
    "-r, --regex REGEX",
    "trace only functions whose name matches",
    regex("functions"),
  ),
  moduleRegex: valued(
    "--module-regex REGEX",
    "trace only functions whose module matches; built-in functions are in vmlinux",
    regex("modules"),
  ),
};

const TRACING = {
  backend: valued(
    "-b, --backend BACKEND",
    `how to attach: ${BACKEND_NAMES.join(", ")} (default: the best that works)`,
    choice(BACKEND_NAMES),
  ),
  tracer: valued(
    "-t, --tracer TRACER",
    "function: entries of functions (default); function_graph: their returns as well",
    choice(TRACERS),
  ),
  programs: flag("--programs", "show what tc and XDP programs decide about packets"),
  bufferSize: valued(
    "--buffer-size SIZE",
    "total size of the ring buffers, in bytes or with K, M or G; rounded up to a power of two, 4K to 2G (default: 64M)",
    parseRingSize,
  ),
  noFollow: flag(
    "--no-follow",
    "trace a packet only where it meets the conditions, and tell packets apart by address; " +
      "by default, one that has matched is followed until it is freed, and so are its copies",
  ),
  maxFollowed: valued(
    "--max-followed N",
    `how many packets can be followed at once, up to ${MOST_FOLLOWED} (default: ${DEFAULT_FOLLOWED})`,
    followedPackets,
  ),
  packets: valued("-n, --packets N", "trace only the first N packets, then stop", positive),
  duration: valued(
    "-d, --duration TIME",
    "stop this long after the trace is ready: 10s, 500ms, 2m",
    parseDuration,
  ),
};

const RESULTS = {
  output: output(`by FILE's suffix, else ${DEFAULT_FORMAT}`),
  write: valued(
    "-w, --write FILE",
    "write to FILE instead of standard output (-)",
    file,
  ),
  memory: valued(
    "--memory SIZE",
    "memory for events that are kept until the end, at least 128M; the rest goes to a file (default: a quarter of what is free, at most 1G)",
    parseMemory,
  ),
  tmp: valued(
    "--tmp DIR",
    "directory for that file, on a disk (default: $TMPDIR or /var/tmp)",
    file,
  ),
  show: valued(
    "--show LIST",
    `sections to record with each event, separated by commas: ${
      ["all", "none", ...SECTIONS.map(({ name }) => name)].join(", ")
    }; -NAME leaves one out (default: none)`,
    sectionList(SECTIONS),
  ),
  extension: valued(
    "-e, --extension PATH",
    "add data of your own to each event: C source (.c), an object (.o), or Lua (.lua)",
    extension,
  ),
  script: valued("-s, --script PATH", "the same, for a Lua script of any name", script),
  ...VERBOSE,
};

const OTHER_PROGRAMS = {
  enableProbeServer: flag(
    "--enable-probe-server",
    "accept TCP connections once the trace is ready",
  ),
  probeServerPort: valued(
    "--probe-server-port PORT",
    "port of the probe server (default: 13720)",
    port,
  ),
  probeServerAddress: valued(
    "--probe-server-address IP",
    "address of the probe server (default: 127.0.0.1)",
    text,
  ),
  noSetRlimit: flag("--no-set-rlimit", "do not raise the limit on open files"),
  perfPageCount: valued(
    "--perf-page-count N",
    "pages of buffer for each CPU, instead of --buffer-size",
    positive,
  ),
  perfSamplePeriod: valued(
    "--perf-sample-period N",
    "accepted but ignored: every event is recorded",
    positive,
  ),
  perfWakeupEvents: valued(
    "--perf-wakeup-events N",
    "accepted but ignored: an event wakes ipft whenever it sleeps",
    positive,
  ),
};

const INSTEAD = {
  list: flag("-l, --list", "list the functions that can be traced"),
  gen: valued(
    "--gen TEMPLATE",
    `print a template for an extension: ${TEMPLATE_NAMES.join(", ")}; ` +
      `a shell completion: ${COMPLETION_NAMES.join(", ")}; or the manual: man-page`,
    choice(TEMPLATE_NAMES, COMPLETION_NAMES, ["man-page"]),
  ),
  version: flag("--version", "show the version and how it was built"),
  ...HELP,
};

/** The options of ipft itself, for tracing and instead of it. */
export const OPTIONS = {
  ...PACKETS,
  ...FUNCTIONS,
  ...TRACING,
  ...RESULTS,
  ...OTHER_PROGRAMS,
  ...INSTEAD,
};

/** The options of `ipft lua`. */
export const LUA_OPTIONS = {
  data: valued(
    "--data HEX",
    `data of the event, at most ${DATA_BYTES} bytes (default: zeros)`,
    (text, option) => parseBytes(text, option, DATA_BYTES),
  ),
  output: output(DEFAULT_FORMAT),
  ...HELP,
};

/** The options of `ipft doctor`. */
export const DOCTOR_OPTIONS = { ...VERBOSE, ...HELP };

/** `ipft lua SCRIPT` */
export const LUA: Command = {
  name: "lua",
  description: "run the functions of a Lua script once, on given bytes and without tracing",
  usage: ["SCRIPT [--data HEX] [-o FORMAT]"],
  groups: [{ heading: "Options", options: LUA_OPTIONS }],
  argument: { name: "SCRIPT", offer: file.offer },
  commands: [],
};

/** `ipft doctor` */
export const DOCTOR: Command = {
  name: "doctor",
  description: "show what this kernel supports, and try each backend",
  usage: ["[-v]"],
  groups: [{ heading: "Options", options: DOCTOR_OPTIONS }],
  commands: [],
};

/** `ipft`: the source of its parser, help, completions and man page. */
export const IPFT: Command = {
  name: "ipft",
  description: "Shows where a packet went in the Linux kernel, and why it did not arrive.",
  usage: [
    "[options] [FILTER...] [-- COMMAND [ARGS...]]",
    "-l [-r REGEX] [--module-regex REGEX]",
    "--gen TEMPLATE",
    "lua SCRIPT [--data HEX] [-o FORMAT]",
    "doctor [-v]",
  ],
  groups: [
    { heading: "Packets (all conditions must hold)", options: PACKETS },
    { heading: "Functions", options: FUNCTIONS },
    { heading: "Tracing", options: TRACING },
    { heading: "Output", options: RESULTS },
    { heading: "Probe server, and compatibility with ipftrace2", options: OTHER_PROGRAMS },
    { heading: "Instead of tracing", options: INSTEAD },
  ],
  argument: { name: "FILTER", offer: { kind: "words", words: EXPRESSION_WORDS } },
  commands: [LUA, DOCTOR],
  notes: [
    "FILTER is an expression in the language of tcpdump: see pcap-filter(7), and quote it for the shell. " +
    "With COMMAND and no condition, the packets of its sockets are traced.",
    "REGEX is searched for in the name, in the syntax of RE2: " +
    "https://github.com/google/re2/wiki/Syntax",
    "MARK and MASK are decimal, hexadecimal (0x) or octal (0).",
    "An output is a format and a file. Each -o or -w completes the latest output, or begins " +
    "another when that one already has a format or file: -o aggregate -o json -w x.json prints " +
    "aggregate and writes JSON to x.json.",
  ],
  examples: [
    { command: "ipft 'host 192.0.2.1 and tcp port 443'" },
    { command: "ipft -- curl -sS http://192.0.2.1/", meaning: "what curl sends and receives" },
    { command: "ipft --netns blue --ifname eth0 icmp", meaning: "ping in a namespace" },
    { command: "ipft -m 1234", meaning: "then, elsewhere: ping -m 1234 192.0.2.1" },
    {
      command: "ipft -m 0x10 --mask 0xf0 -o json",
      meaning: "marks with 1 as second-to-last hex digit",
    },
    { command: "ipft -e foo.c 'udp port 53'", meaning: "with data from C: see docs/extensions.md" },
    { command: "ipft -s foo.lua 'udp port 53'", meaning: "with data from Lua: see docs/lua.md" },
    {
      command: "ipft -r '^(ip|tcp)_' tcp",
      meaning: "functions whose name begins like this",
    },
    { command: "ipft -l --module-regex '^nf_'", meaning: "functions of netfilter's modules" },
  ],
};
