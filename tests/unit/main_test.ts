/** ipft as a process: what its surroundings can do to it. Neither root nor a kernel that can be traced. */
import assert from "node:assert/strict";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** As the executable is started (package/build.sh). */
const PERMISSIONS = ["ffi", "read", "write", "env", "run", "sys=uid,osRelease", "net"]
  .map((name) => `--allow-${name}`);
const OPTIONS = ["--quiet", "--no-check", "--no-prompt", "--config", CONFIG, ...PERMISSIONS];
const IPFT = [Deno.execPath(), "run", ...OPTIONS, MAIN];
const QUOTED = IPFT.map((word) => `'${word}'`).join(" ");

const SCRIPT = `api_version = 1
print("printed")
io.stderr:write("told\\n")
function dump(data) return "dumped" end
`;

/** Runs a bash script in a directory of its own, where `script.lua` is. */
async function bash(script: string) {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/script.lua`, SCRIPT);
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", `command=(${QUOTED}); ipft() { "\${command[@]}" "$@"; }\n${script}`],
      cwd: directory,
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const seen = { stdout: text(stdout), stderr: text(stderr) };
    assert.doesNotMatch(seen.stderr, /^ +at |Uncaught|panicked/m);
    return seen;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a full or closed stderr loses messages, but neither results nor the exit status", async () => {
  for (const stderr of ["2>/dev/full", "2>&-", "2> >(true)", "2>/dev/null"]) {
    const { stdout } = await bash(`
      ipft lua script.lua ${stderr}; echo "$?"
      ipft lua missing.lua ${stderr}; echo "$?"
      ipft --nonsense ${stderr}; echo "$?"`);
    assert.equal(stdout, "printed\ndumped\n0\n1\n2\n", stderr);
  }
});

Deno.test("a full stdout is one line of error, and a closed pipe none", async () => {
  const commands = [
    "--version",
    "--help",
    "--gen man-page",
    "lua script.lua",
    "lua -o json script.lua",
  ];
  await Promise.all(commands.map(async (command) => {
    const full = await bash(`ipft ${command} >/dev/full; echo "$?" >&2`);
    assert.match(
      full.stderr.replaceAll(/^(printed|told|no ext.*)\n/gm, ""),
      /^ipft: cannot write (to standard output: ENOSPC \(no space left\); .*|what the script .*)\n1\n$/,
    );
    const closed = await bash(`ipft ${command} | true; echo "\${PIPESTATUS[0]}" >&2`);
    assert.match(closed.stderr.replaceAll(/^(printed|told|no ext.*)\n/gm, ""), /^0\n$/);
  }));
});

Deno.test("a file that is opened never becomes stdout or stderr, when these are closed", async () => {
  const { stdout } = await bash(`
    ipft lua script.lua <&- >&- 2>&-; echo "$?"
    cat script.lua`);
  assert.equal(stdout, `0\n${SCRIPT}`);
});

Deno.test("ipft waits for room on a stdout and stderr that do not block", async () => {
  // The reader sleeps while more comes than a pipe holds.
  await bash(`
    cat >big.lua <<'END'
api_version = 1
function dump(data) return string.rep("x", 60000) .. string.rep("y", 60000) end
END
    python3 -c '
import os, subprocess, sys, time
reader, writer = os.pipe()
os.set_blocking(writer, False)
child = subprocess.Popen(sys.argv[1:], stdout=writer)
os.close(writer)
time.sleep(2)
data = b""
while chunk := os.read(reader, 65536): data += chunk
assert child.wait() == 0 and len(data) == 120001, (child.returncode, len(data))
' ${QUOTED} lua big.lua && echo fine`)
    .then(({ stdout, stderr }) => assert.equal(stdout, "fine\n", stderr));
});

Deno.test("an argument that is not UTF-8 is wrong usage: it would name another file", async () => {
  const { stdout, stderr } = await bash(String.raw`
    bad=$'\xff'
    for args in "-m 1 -w $bad.txt" "-m 1 -e $bad.o" "-m 1 -s $bad" "lua $bad" "-m 1 -- echo $bad"; do
      ipft $args; echo "$?"
    done
    ls; cp script.lua $'\uFFFD\xc3\xa4.lua'; ipft lua $'\uFFFD\xc3\xa4.lua' 2>/dev/null`);
  const lines = stderr.trimEnd().split("\n");
  assert.equal(lines.length, 5, stderr);
  for (const line of lines) assert.match(line, /^ipft: argument '\\xff(\.\w+)?' is not UTF-8; /);
  assert.equal(stdout, "2\n2\n2\n2\n2\nscript.lua\nprinted\ndumped\n");
});

Deno.test("a working directory whose name is not UTF-8, or that may not be entered, is none to ipft", async () => {
  const { stdout } = await bash(String.raw`
    mkdir $'\xff' && cd $'\xff' && cp ../script.lua . && ipft lua script.lua 2>/dev/null; echo "$?"`);
  assert.equal(stdout, "printed\ndumped\n0\n");
});

Deno.test("an input that does not end, and an output that is an input, are refused before the trace", async () => {
  const { stdout, stderr } = await bash(`
    ipft lua /dev/zero; echo "$?"
    ipft -m 1 -s script.lua -w ./script.lua; echo "$?"
    ipft -m 1 -w x -w ./x; echo "$?"
    ipft -m 1 -w /dev/stdout -w x -o json -w -; echo "$?"
    echo old >old.txt; ipft -m 1 -r no_such_function -w old.txt 2>/dev/null
    cat old.txt; ls -A`);
  assert.equal(
    stderr,
    "ipft: cannot read the script /dev/zero: it is larger than 16 MiB\n" +
      "ipft: './script.lua' is also read, as 'script.lua'; write to another file\n" +
      "ipft: 'x' and './x' are the same file; give each output its own file\n" +
      "ipft: two outputs on standard output; give all but one a file: -o FORMAT -w FILE\n",
  );
  assert.equal(stdout, "1\n2\n2\n2\nold\nold.txt\nscript.lua\n");
});

Deno.test("a signal ends ipft while it waits for a named pipe, within a second", async () => {
  const { stdout, stderr } = await bash(`
    mkfifo pipe
    for args in "-w pipe" "-s pipe" "-e pipe.o"; do
      ln -sf pipe pipe.o
      "\${command[@]}" -m 1 $args & sleep 1; kill $!; start=\${EPOCHREALTIME/./}
      wait $!; echo "$? $(( (\${EPOCHREALTIME/./} - start) / 1000000 ))"
    done`);
  assert.equal(stdout, "1 0\n1 0\n1 0\n");
  assert.equal(stderr, "ipft: interrupted before the trace was ready\n".repeat(3));
});

Deno.test("an error that nobody expects is one line, with its stack only under -v", async () => {
  const { stdout, stderr } = await bash(`
    mkfifo pipe
    for error in 'setTimeout(() => { throw new Error("un\\nexpected"); }, 500);' \\
      'setTimeout(() => void Promise.reject(new Error("un\\nexpected")), 500);' \\
      'Deno.permissions.revokeSync = () => { throw new Error("un\\nexpected"); };'; do
      echo "$error await import('${MAIN}')" >wrapper.ts
      "\${command[@]:0:\${#command[@]}-1}" wrapper.ts -m 1 -w pipe; echo "$?" >&2
    done
    "\${command[@]:0:\${#command[@]}-1}" wrapper.ts -m 1 -w pipe -v 2>verbose
    grep -c '^  *at ' verbose`);
  const line = "ipft: internal error: un expected; please report it\n";
  assert.equal(stderr, `${line}1\n`.repeat(3));
  assert(Number(stdout) > 0);
});

Deno.test("a file that reaches its limit is an error like a full disk", async () => {
  const { stdout, stderr } = await bash(`
    export DENO_DIR=/proc/none # in its cache, Deno would reach the limit before ipft does
    ulimit -f 1; ipft --gen man-page >page; echo "$?"; stat -c %s page`);
  assert.equal(stdout, "1\n1024\n");
  assert.match(stderr, /^ipft: cannot write to standard output: EFBIG .*; send it where there/);
});
