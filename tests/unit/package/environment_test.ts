import assert from "node:assert/strict";
import { environment, restoreEnvironment } from "../../../lib/base/environment.ts";
import { Executable } from "./executable.ts";

/** What ipft's manual page names, as an argument of env(1). */
const KEPT = [
  "CC=clang -v",
  "CFLAGS=-g",
  "IPFT_LIBBPF=/lib",
  "IPFT_LIBPCAP=/lib",
  "NO_COLOR=",
  "PATH=/usr/bin:/bin",
  "TERM=vt100",
  "TMPDIR=/t\xffp",
];
/** What Deno, Node.js, V8, tar, gzip, shells and the C library take from the environment, and more. */
const HIDDEN = [
  "BASH_ENV=/evil",
  "CDPATH=/evil",
  "C_INCLUDE_PATH=/usr/include/x86_64-linux-gnu",
  "DENO_CERT=/evil",
  "DENO_DIR=/evil",
  "DENO_V8_FLAGS=--help",
  "EMPTY=",
  "ENV=/evil",
  "GZIP=--evil",
  "IFS=/",
  "LANG=C.UTF-8",
  "LATIN=\xe9\xff",
  "LINES='a\nexport cache=/evil\nexport FOO=1\n",
  "NODE_OPTIONS=--require /evil",
  "NPM_CONFIG_REGISTRY=http://evil",
  "QUOTES=\"'$(touch evil)`touch evil`\\ * ~",
  "TAR_OPTIONS=--checkpoint=1 --checkpoint-action=exec=touch\\ evil",
  "cache=/evil",
  "fail=1",
  "folder=/evil",
  "lower=case",
  "name=1",
  "names=deno",
  "npm_config_registry=http://evil",
  "sizes=1",
  "user=0",
];

/** Appends words to a shell's arguments, byte by byte; the `x` keeps trailing newlines. */
function appending(words: readonly string[]): string {
  const octal = (byte: string) => `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`;
  return words.map((word) =>
    `word=$(printf '${word.replaceAll(/[^\w=]/g, octal)}x'); set -- "$@" "\${word%x}"`
  ).join("\n");
}

Deno.test("Deno gets only the variables that the manual page names, a command all of them", async () => {
  await using ipft = await Executable.make();
  const before = `set -- env -i HOME=$HOME XDG_CACHE_HOME=$XDG_CACHE_HOME
    ${appending([...KEPT, ...HIDDEN])}
    exec "$@" ./ipft "$0"`;
  const own = [`HOME=${ipft.folder}/home`, `XDG_CACHE_HOME=${ipft.folder}/cache`];
  // What the shell that stands for Deno was given: the first start, and one of the later.
  for (let start = 0; start < 2; start++) {
    const given = (await ipft.run("cat /proc/$$/environ", { before })).split("\0").slice(0, -1);
    const plain = given.filter((pair) => !/^(?:IPFT_USER_|SHLVL=)/.test(pair));
    assert.deepEqual(
      plain.sort(),
      [
        ...KEPT,
        `DENO_DIR=${ipft.unpacked}/cache`,
        "DENO_NO_UPDATE_CHECK=1",
      ].sort(),
    );
    const value = (name: string) =>
      given.find((pair) => pair.startsWith(`${name}=`))!.slice(name.length + 1);
    const restore = withVariables(
      { IPFT_USER_NAMES: value("IPFT_USER_NAMES"), IPFT_USER_LOCK: value("IPFT_USER_LOCK") },
      restoreEnvironment,
    );
    const command = `${restore} readlink /proc/self/fd/* >&2; exec cat /proc/self/environ`;
    const { stdout, stderr } = await ipft.start(command, { before });
    const restored = stdout.split("\0").slice(0, -1);
    // A shell has an IFS of its own, and may set PWD.
    const ours = restored.filter((pair) => !/^(?:PWD|OLDPWD|_|SHLVL)=/.test(pair));
    assert.deepEqual(
      ours.sort(),
      [...KEPT, ...HIDDEN, ...own].filter((pair) => !pair.startsWith("IFS=")).sort(),
    );
    assert.doesNotMatch(stderr, /cache\/ipft/);
  }
  assert(!Array.from(Deno.readDirSync(ipft.folder)).some(({ name }) => name === "evil"));
});

Deno.test("restoreEnvironment does nothing where nothing was hidden, and takes only names", () => {
  assert.equal(withVariables({}, restoreEnvironment), "");
  const text = withVariables(
    { IPFT_USER_NAMES: " A b;evil $(evil) 1 B", IPFT_USER_LOCK: "1" },
    restoreEnvironment,
  );
  assert.match(text, / export A=.* export B=/);
  assert.doesNotMatch(text, /evil|exec/);
});

Deno.test("environment refuses what is not UTF-8", async () => {
  assert.equal(environment("NO_SUCH_VARIABLE"), undefined);
  const script = `import { environment } from "./lib/base/environment.ts";
    try { environment("CC") } catch (error) { console.log(error.name, error.message) }`;
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", `CC=$(printf '\\377') exec "$0" eval "$1"`, Deno.execPath(), script],
    cwd: new URL("../../../", import.meta.url),
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.equal(text, "IpftError the environment variable CC is not UTF-8; change or unset it\n");
});

/** Calls a function while the variables of ipft's launcher have these values. */
function withVariables<T>(variables: Readonly<Record<string, string>>, call: () => T): T {
  const names = ["IPFT_USER_NAMES", "IPFT_USER_LOCK"];
  names.forEach((name) => Deno.env.delete(name));
  Object.entries(variables).forEach(([name, value]) => Deno.env.set(name, value));
  try {
    return call();
  } finally {
    names.forEach((name) => Deno.env.delete(name));
  }
}
