/**
 * Runs the tracing commands of README.md as they are printed. What their reader has and a guest has not:
 *
 * - `sudo`: a script runs its arguments, since the tests are root.
 * - `./ipft` in the working directory: a script starts what the tests are to try (`IPFT`).
 * - clang, for `-e FILE.c`: a script prints what `make examples` has built from that file.
 * - a host 192.0.2.1 that answers: the address is the loopback device's for as long as a test runs.
 *
 * A command that goes on until Ctrl-C gets it when a marked ping and a marked connection are over.
 */
import assert from "node:assert/strict";
import { readmeBlocks, type ReadmeCommand, readmeCommands, TRACES } from "../support/readme.ts";
import {
  assertNothingLeft,
  type Finished,
  ipftCommandLine,
  ping,
  shell,
  workingBackends,
} from "./ipft.ts";
import { transfer } from "./traffic.ts";

/** The mark in all commands. */
const MARK = 1234;

/** Elsewhere all functions are attached one by one, which takes minutes that README.md does not show. */
const isQuick = (await workingBackends())[0] === "kprobe-multi";

const CHECKOUT = new URL("../../", import.meta.url).pathname;

/** A folder with `./ipft`, and with the programs that a command needs and this machine lacks. */
async function makeDirectory(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const script = (name: string, text: string) =>
    Deno.writeTextFile(`${folder}/${name}`, `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  await script("sudo", 'exec "$@"');
  await script("ipft", `cd ${CHECKOUT}; exec ${ipftCommandLine()} "$@"`);
  const hasClang = await shell("command -v clang || true");
  if (!hasClang) await script("clang", 'source=${!#}; exec cat "${source%.c}.o"');
  return folder;
}

async function sendMarkedPackets(): Promise<void> {
  await ping(MARK, "-c", "1");
  await shell(`nft 'table inet readme { chain output {
    type filter hook output priority mangle; meta l4proto tcp meta mark set ${MARK}; }; }'`);
  try {
    await transfer("127.0.0.1", 1000);
  } finally {
    await shell("nft delete table inet readme");
  }
}

/** Runs a command to its end, or as far as Ctrl-C. */
async function runAsPrinted({ text }: ReadmeCommand, folder: string): Promise<Finished> {
  // A session of its own: as in a terminal, Ctrl-C is for every process of the command.
  const child = new Deno.Command("setsid", {
    args: ["bash", "-c", text],
    cwd: folder,
    env: { PATH: `${folder}:${Deno.env.get("PATH")}` },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdout = new Response(child.stdout).text();
  let stderr = "";
  let isOver = text.includes(" -- ");
  for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += piece;
    if (isOver || !stderr.includes("Trace ready!")) continue;
    isOver = true;
    await sendMarkedPackets();
    Deno.kill(-child.pid, "SIGINT");
  }
  const { code } = await child.status;
  return { code, stdout: await stdout, stderr };
}

/** What a shown line looks like with any numbers and any width of columns; `...` is anything. */
function pattern(line: string): RegExp {
  const pieces = line.trim().split(/(\.{3}|(?<!\w)\d[\d.]*|\s+)/).map((piece) => {
    if (piece === "...") return ".*";
    if (/^\d/.test(piece)) return "[\\d.]+";
    return /^\s/.test(piece) ? "\\s+" : RegExp.escape(piece);
  });
  return new RegExp(`^\\s*${pieces.join("")}$`);
}

/** Asserts that the output has the shown lines, in their order. */
function assertShown(output: string, shown: readonly string[]): void {
  const lines = output.split("\n");
  let at = 0;
  for (const line of shown.filter((line) => line !== "...")) {
    const found = lines.slice(at).findIndex((candidate) => pattern(line).test(candidate));
    assert(found >= 0, `nothing like this behind line ${at} of the output: ${line}\n${output}`);
    at += found + 1;
  }
}

for (const command of readmeCommands().filter(({ text }) => TRACES.test(text))) {
  Deno.test({
    name: `README.md: ${command.text}`,
    ignore: !isQuick,
    fn: async () => {
      const folder = await makeDirectory();
      await shell("ip address add 192.0.2.1/32 dev lo");
      try {
        const { code, stdout, stderr } = await runAsPrinted(command, folder);
        assert.equal(code, 0, stderr);
        assert.match(stderr, /^\d+ events in .*, none lost\.$/m);
        assert.match(stdout, /^\s*Timestamp\s+CPU\s+Packet\s+Module\b.*\bFunction$/m);
        assert.match(stdout, / vmlinux .*\bip_output\b/);
        assertShown(stdout, command.shown);
      } finally {
        await shell("ip address del 192.0.2.1/32 dev lo");
        await Deno.remove(folder, { recursive: true });
      }
      await assertNothingLeft();
    },
  });
}

Deno.test({
  name: "README.md shows what `make demo` prints on Debian's Linux 6.12",
  ignore: !/^6\.12\..*-cloud-amd64/.test(Deno.osRelease()),
  fn: async () => {
    const [block] = readmeBlocks().filter((lines) => lines.includes("Trace ready!"));
    const [says, ...shown] = block;
    assert.match(says, / 6\.12:$/); // says tests/demo.sh
    // The demo's ping is the first packet of its guest; so is this one of its network namespace.
    const demo = "ip link set lo up; examples/trace_ping.sh 2>&1";
    assertShown(await shell(`unshare --net sh -c '${demo}'`), shown);
  },
});
