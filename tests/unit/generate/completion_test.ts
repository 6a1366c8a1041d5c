import assert from "node:assert/strict";
import { parseCommandLine } from "../../../lib/cli/parse.ts";
import { generated } from "../../../lib/generate/generate.ts";
import { BACKEND_NAMES } from "../../../lib/bpf/attach/backends.ts";
import { COMPLETION_NAMES } from "../../../lib/cli/request.ts";
import { TEMPLATE_NAMES } from "../../../lib/extension/templates.ts";
import { FORMATS } from "../../../lib/output/formats.ts";
import { SECTIONS } from "../../../lib/sections/sections.ts";

const FORMAT_NAMES = FORMATS.map(({ name }) => name);

const FUNCTIONS = ["ip_rcv", "ip_rcv_core", "ip_output", "a.b", "a_b", "nf_nat_inet_fn [nf_nat]"];
const MODULES = ["nf_nat 53248 1 nft_chain_nat, Live 0x0", "nf_tables 100 0 - Live 0x0"];
const FILES = ["x.c", "x.o", "x.lua", "x.txt", "a b.c"];

/** Options that a command's help has, short and long. */
function optionsOfHelp(...args: string[]): string[] {
  const command = parseCommandLine([...args, "--help"]);
  const text = command.kind === "print" ? command.text : assert.fail();
  const found = [...text.matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)/gm)];
  assert.ok(found.length > 1);
  return found.flatMap(([, ...names]) => names.filter(Boolean));
}

/** What completes a line, where the kernel's names and the files are the ones above. */
type Complete = (line: string) => Promise<string[]>;

interface Shell {
  readonly completion: typeof COMPLETION_NAMES[number];
  /** The program and its arguments; the line follows. */
  readonly command: (completion: string) => string[];
}

const BASH: Shell = {
  completion: "completion-bash",
  // bash makes words of the line, of = as well, before it calls the function.
  command: (completion) => [
    "bash",
    "--norc",
    "-c",
    `source ${completion}; COMP_WORDS=(\${1//=/ = }); [[ $1 == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _ipft; printf '%s\\n' "\${COMPREPLY[@]}"`,
    "bash",
  ],
};

const FISH: Shell = {
  completion: "completion-fish",
  command: (completion) => [
    "fish",
    "--no-config",
    "-c",
    `source ${completion}; complete -C $argv[1] | string replace -r '\\t.*' ''`,
  ],
};

/** zsh completes where a person types only: a second one in a terminal shows what its line became. */
const ZSH: Shell = {
  completion: "completion-zsh",
  command: (completion) => [
    "zsh",
    "-fc",
    `zmodload zsh/zpty; zpty z zsh -fi
    zpty -w z 'PS1=; stty -echo; autoload -U compinit; compinit -u -D; functions[_ipft]="$(<${completion})"
      show() print -r "line=<$BUFFER>"; zle -N show; bindkey "^T" show; compdef _ipft ipft; echo rea""dy'
    zpty -r z seen '*ready*'; zpty -w -n z "$1"$'\\t\\x14'
    zpty -r z seen '*line=<*>*'; seen=\${seen#*line=<}; print -r -- "\${seen%%>*}"`,
    "zsh",
  ],
};

function isInstalled(shell: Shell): boolean {
  const [program] = shell.command("");
  return Deno.env.get("PATH")!.split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

function test(name: string, shell: Shell, check: (complete: Complete) => Promise<void>): void {
  Deno.test({ name, ignore: !isInstalled(shell), fn: () => inFolder(shell, check) });
}

async function inFolder(
  { completion, command }: Shell,
  check: (complete: Complete) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text);
  await write("functions", FUNCTIONS.join("\n") + "\n");
  await write("modules", MODULES.join("\n") + "\n");
  await write(
    "completion",
    generated(completion)
      .replaceAll("/sys/kernel/tracing/available_filter_functions", `${folder}/functions`)
      .replaceAll("/proc/modules", `${folder}/modules`)
      .replaceAll("/sys/class/net", `${folder}/interfaces`)
      .replaceAll("/run/netns", `${folder}/namespaces`),
  );
  for (const name of ["interfaces/eth0", "interfaces/lo", "namespaces/blue"]) {
    await Deno.mkdir(`${folder}/${name}`, { recursive: true });
  }
  const cwd = `${folder}/cwd`;
  await Deno.mkdir(`${cwd}/folder`, { recursive: true });
  for (const file of FILES) await Deno.writeTextFile(`${cwd}/${file}`, "");
  try {
    await check(async (line) => {
      const [program, ...args] = command(`${folder}/completion`);
      const { stdout, stderr } = await new Deno.Command(program, {
        args: [...args, line],
        cwd,
        env: { HOME: folder, XDG_CONFIG_HOME: folder, TERM: "dumb", LC_ALL: "C.UTF-8" },
        signal: AbortSignal.timeout(60_000), // for a shell that waits for its terminal
      }).output();
      const decoder = new TextDecoder();
      assert.equal(decoder.decode(stderr), "", line);
      return decoder.decode(stdout).split("\n").filter(Boolean).toSorted();
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Lines of which shells show all that completes them. */
const COMPLETED: Readonly<Record<string, readonly string[]>> = {
  "ipft --ma": ["--mark", "--mark-command", "--mask", "--max-followed"],
  "ipft -m 1 --backend ": BACKEND_NAMES,
  "ipft -b kp": ["kprobe", "kprobe-multi"],
  "ipft -t function_": ["function_graph"],
  "ipft --output ": FORMAT_NAMES,
  "ipft --gen ": [...TEMPLATE_NAMES, ...COMPLETION_NAMES, "man-page"],
  "ipft -m ": [],
  "ipft do": ["doctor"],
  "ipft -m lua do": ["doctor"],
  "ipft tc": ["tcp"],
  "ipft src host 192.0.2.1 and por": ["port", "portrange"],
  "ipft host do": [],
  "ipft host lua --mas": ["--mask"],
  "ipft --ifname ": ["eth0", "lo"],
  "ipft --netns ": ["blue", "self"],
  "ipft doctor --ma": [],
  "ipft doctor --ver": ["--verbose"],
  "ipft -m 1 lua --da": ["--data"],
  "ipft lua -o ": FORMAT_NAMES,
  "ipft lua x.": ["x.c", "x.lua", "x.o", "x.txt"],
  "ipft -e x": ["x.c", "x.lua", "x.o"],
  "ipft -s x": ["x.c", "x.lua", "x.o", "x.txt"],
  "ipft -w x.t": ["x.txt"],
  "ipft --show ": ["all", "none", ...SECTIONS.map(({ name }) => name)],
  "ipft --show all,non": ["all,none"],
  "ipft -r ": [],
  "ipft -r ip_r": ["ip_rcv", "ip_rcv_core"],
  "ipft --regex ^ip_o": ["^ip_output"],
  "ipft -r a.": ["a.b"],
  "ipft -r nf": ["nf_nat_inet_fn"],
  "ipft -r ^(ip": [],
  "ipft -l --module-regex v": ["vmlinux"],
  "ipft --module-regex ^nf": ["^nf_nat", "^nf_tables"],
  "ipft -m 1 -- cat x.": ["x.c", "x.lua", "x.o", "x.txt"],
};

for (const shell of [BASH, FISH]) {
  const { completion } = shell;
  test(`${completion} offers what can be at the cursor`, shell, async (complete) => {
    for (const [line, expected] of Object.entries(COMPLETED)) {
      // In fish a parenthesis begins a command.
      const typed = shell === FISH ? line.replace("(", "\\(") : line;
      assert.deepEqual(await complete(typed), expected.toSorted(), line);
    }
    const files = (await complete("ipft -e ")).map((name) => name.replace(/\/$/, ""));
    assert.deepEqual(files, ["a b.c", "folder", "x.c", "x.lua", "x.o"]);
    assert.ok((await complete("ipft -m 1 -- ca")).includes("cat"));
  });

  test(`${completion} offers every option of the help`, shell, async (complete) => {
    assert.deepEqual(await complete("ipft -"), optionsOfHelp().toSorted());
    assert.deepEqual(await complete("ipft lua -"), optionsOfHelp("lua").toSorted());
    assert.deepEqual(await complete("ipft doctor -"), optionsOfHelp("doctor").toSorted());
  });
}

test("completion-bash takes a value behind =, and a quoted one", BASH, async (complete) => {
  assert.deepEqual(await complete("ipft --backend=f"), ["ftrace"]);
  assert.deepEqual(await complete("ipft --backend="), BACKEND_NAMES.toSorted());
  assert.deepEqual(await complete("ipft -r '^ip_o"), ["^ip_output"]);
});

test("completion-fish takes a value behind =, and one attached", FISH, async (complete) => {
  assert.deepEqual(await complete("ipft --backend=f"), ["--backend=ftrace"]);
  assert.deepEqual(await complete("ipft -rip_o"), ["-rip_output"]);
  assert.deepEqual(await complete("ipft --extension=x.l"), ["--extension=x.lua"]);
});

test("completion-zsh completes what can be at the cursor", ZSH, async (complete) => {
  const lines: Readonly<Record<string, string>> = {
    "ipft --mas": "ipft --mask=",
    "ipft -b f": "ipft -b ftrace ",
    "ipft --output=j": "ipft --output=json ",
    "ipft --show all,non": "ipft --show all,none,",
    "ipft -m lua do": "ipft -m lua doctor ",
    "ipft doctor --mas": "ipft doctor --mas",
    "ipft tc": "ipft tcp ",
    "ipft tcp and portr": "ipft tcp and portrange ",
    "ipft host lua --mas": "ipft host lua --mask=",
    "ipft --ifname e": "ipft --ifname eth0 ",
    "ipft --netns b": "ipft --netns blue ",
    "ipft lua --d": "ipft lua --data=",
    "ipft -e x.t": "ipft -e x.t",
    "ipft -e x.l": "ipft -e x.lua ",
    "ipft -e f": "ipft -e folder/",
    "ipft -s x.t": "ipft -s x.txt ",
    "ipft -r '^ip_o": "ipft -r '^ip_output' ",
    "ipft -r a.": "ipft -r a.b ",
    "ipft --module-regex ^nf_t": "ipft --module-regex ^nf_tables ",
    "ipft --module-regex v": "ipft --module-regex vmlinux ",
    "ipft -m 1 -- cat x.t": "ipft -m 1 -- cat x.txt ",
  };
  for (const [line, expected] of Object.entries(lines)) {
    assert.deepEqual(await complete(line), [expected], line);
  }
});

Deno.test("completion-zsh has every option of the help", () => {
  const [ipft, lua, doctor, expression] = generated("completion-zsh")
    .split(/\n\t(?:lua|doctor|\*)\)\n/);
  const found = (part: string) =>
    [...part.matchAll(/(?<=[{,]|\t')(-{1,2}[a-z][a-z-]*)[+=]?(?=[,}[])/g)].map(([, name]) => name);
  assert.deepEqual(found(ipft), optionsOfHelp());
  assert.deepEqual(found(lua), optionsOfHelp("lua"));
  assert.deepEqual(found(doctor), optionsOfHelp("doctor"));
  assert.deepEqual(found(expression), optionsOfHelp());
});
