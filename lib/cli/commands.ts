import { DATA_BYTES } from "../event/event.ts";
import { parseBytes, parseDuration, parseRingSize, parseUint32 } from "./numbers.ts";
import { BACKEND_NAMES } from "../bpf/attach/backends.ts";
import { TRACERS } from "../event/trace_header.ts";
import { COMPLETION_NAMES, OUTPUT_FORMATS, TEMPLATE_NAMES } from "./options.ts";
import { type Command, flag, valued } from "./option.ts";
import { choice, extension, file, port, positive, regex, script, text } from "./values.ts";

const HELP = { help: flag("-h, --help", "show this help") };

const OUTPUT = {
  output: valued(
    "-o, --output FORMAT",
    `${OUTPUT_FORMATS.join(", ")} (default: aggregate)`,
    choice(OUTPUT_FORMATS),
  ),
};

const VERBOSE = {
  verbose: flag("-v, --verbose", "show what libbpf and the kernel's verifier say"),
};

const PACKETS_AND_FUNCTIONS = {
  mark: valued("-m, --mark MARK", "trace packets with this mark", parseUint32),
  mask: valued("--mask MASK", "bits of the mark to compare (default: 0xffffffff)", parseUint32),
  markCommand: flag(
    "--mark-command",
    "mark what COMMAND sends: new sockets of its processes get the mark",
  ),
  regex: valued("-r, --regex REGEX", "only functions whose name matches", regex("functions")),
  moduleRegex: valued(
    "--module-regex REGEX",
    "only functions whose module matches; built-in ones are in vmlinux",
    regex("modules"),
  ),
};

const TRACING = {
  backend: valued(
    "-b, --backend BACKEND",
    `${BACKEND_NAMES.join(", ")} (default: the best)`,
    choice(BACKEND_NAMES),
  ),
  tracer: valued(
    "-t, --tracer TRACER",
    "function: the entry of functions (default); function_graph: their return, too",
    choice(TRACERS),
  ),
  bufferSize: valued(
    "--buffer-size SIZE",
    "ring buffers of all CPUs together in bytes, or with K, M or G; rounded up to a power of two, 4K to 2G (default: 64M)",
    parseRingSize,
  ),
  packets: valued(
    "-n, --packets N",
    "end by itself after this many packets, and leave out all others",
    positive,
  ),
  duration: valued(
    "-d, --duration TIME",
    "end by itself, this long after the trace is ready: 10s, 500ms, 2m",
    parseDuration,
  ),
};

const RESULTS = {
  ...OUTPUT,
  write: valued(
    "-w, --write FILE",
    "write results to a file; - is standard output (default)",
    file,
  ),
  extension: valued(
    "-e, --extension PATH",
    "adds data to each event: C source (.c), compiled (.o), or Lua (.lua)",
    extension,
  ),
  script: valued("-s, --script PATH", "the same for a Lua script of any name", script),
  ...VERBOSE,
};

const OTHER_PROGRAMS = {
  enableProbeServer: flag(
    "--enable-probe-server",
    "accept TCP connections once the trace is ready",
  ),
  probeServerPort: valued(
    "--probe-server-port PORT",
    "where it listens (default: 13720)",
    port,
  ),
  probeServerAddress: valued("--probe-server-address IP", "the same (default: 127.0.0.1)", text),
  noSetRlimit: flag("--no-set-rlimit", "keep the limit on open files as it is"),
  perfPageCount: valued(
    "--perf-page-count N",
    "pages of buffer for each CPU, in place of --buffer-size",
    positive,
  ),
  perfSamplePeriod: valued(
    "--perf-sample-period N",
    "taken and ignored: the ring buffer gets every event",
    positive,
  ),
  perfWakeupEvents: valued(
    "--perf-wakeup-events N",
    "taken and ignored: ipft is woken up when it sleeps",
    positive,
  ),
};

const INSTEAD = {
  list: flag("-l, --list", "list the functions that can be traced"),
  gen: valued(
    "--gen TEMPLATE",
    `print what an extension begins with: ${TEMPLATE_NAMES.join(", ")}; ` +
      `what a shell completes with: ${COMPLETION_NAMES.join(", ")}; or the manual: man-page`,
    choice(TEMPLATE_NAMES, COMPLETION_NAMES, ["man-page"]),
  ),
  version: flag("--version", "show the version, and of what it is made"),
  ...HELP,
};

/** ipft's own options, for tracing and in place of it. */
export const OPTIONS = {
  ...PACKETS_AND_FUNCTIONS,
  ...TRACING,
  ...RESULTS,
  ...OTHER_PROGRAMS,
  ...INSTEAD,
};

export const LUA_OPTIONS = {
  data: valued(
    "--data HEX",
    `what the module would give, at most ${DATA_BYTES} bytes (default: zeros)`,
    (text, option) => parseBytes(text, option, DATA_BYTES),
  ),
  ...OUTPUT,
  ...HELP,
};

export const DOCTOR_OPTIONS = { ...VERBOSE, ...HELP };

/** `ipft lua SCRIPT` */
export const LUA: Command = {
  name: "lua",
  description: "try a Lua script: run its functions on given bytes, without the kernel",
  usage: ["SCRIPT [--data HEX] [-o FORMAT]"],
  groups: [{ heading: "Options", options: LUA_OPTIONS }],
  argument: { name: "SCRIPT", offer: file.offer },
  commands: [],
};

/** `ipft doctor` */
export const DOCTOR: Command = {
  name: "doctor",
  description: "show what this kernel can do and what is missing",
  usage: ["[-v]"],
  groups: [{ heading: "Options", options: DOCTOR_OPTIONS }],
  commands: [],
};

/** `ipft`: what its parser, its help, completions and manual are made of. */
export const IPFT: Command = {
  name: "ipft",
  description: "Shows which functions of the Linux kernel each marked packet goes through.",
  usage: [
    "-m MARK [options] [-- COMMAND [ARGS...]]",
    "-l [-r REGEX] [--module-regex REGEX]",
    "--gen TEMPLATE",
    "lua SCRIPT [--data HEX] [-o FORMAT]",
    "doctor [-v]",
  ],
  groups: [
    { heading: "Packets and functions", options: PACKETS_AND_FUNCTIONS },
    { heading: "Tracing", options: TRACING },
    { heading: "Output", options: RESULTS },
    { heading: "For other programs, and those of ipftrace2", options: OTHER_PROGRAMS },
    { heading: "Instead of tracing", options: INSTEAD },
  ],
  commands: [LUA, DOCTOR],
  notes: `\
MARK and MASK are decimal, 0x hexadecimal or 0 octal.

Examples:
  ipft -m 1234                      while elsewhere: ping -m 1234 192.0.2.1
  ipft -m 1234 --mark-command -- curl -sS http://192.0.2.1/
  ipft -m 0x10 --mask 0xf0 -o json  marks whose second last hex digit is 1
  ipft -m 1234 -e foo.c             with data from C: see docs/extensions.md
  ipft -m 1234 -s foo.lua           with data formatted in Lua: see docs/lua.md
  ipft -m 1234 -r '^(ip|tcp)_'      only functions whose names begin so
  ipft -l --module-regex '^nf_'     the functions of netfilter's modules
`,
};
