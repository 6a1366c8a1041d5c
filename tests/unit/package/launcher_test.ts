import assert from "node:assert/strict";
import { Executable } from "./executable.ts";

const IS_ROOT = Deno.uid() === 0;

Deno.test("the first start is like every other: arguments, umask, status", async () => {
  for (const mask of ["0000", "0022", "0077"]) {
    await using ipft = await Executable.make();
    const script = 'umask; touch made; echo "$#"; exit 0';
    const first = await ipft.run(`cd home; ${script}`, { before: `umask ${mask}` });
    assert.equal(first, `${mask}\n1\n`);
    assert.equal(
      await ipft.run(script.replace("touch made;", ""), { before: `umask ${mask}` }),
      first,
    );
    const { mode } = await Deno.stat(`${ipft.folder}/home/made`);
    assert.equal(mode! & 0o777, 0o666 & ~parseInt(mask, 8));
    assert.equal((await Deno.stat(ipft.unpacked)).mode! & 0o777, 0o700);
    assert.equal((await ipft.start("exit 3")).code, 3);
    assert.equal(ipft.cached.length, 1);
  }
});

Deno.test("whatever is damaged is repaired, whoever uses it, and never runs", async () => {
  await using ipft = await Executable.make();
  await ipft.run("true");
  const running = ipft.spawn("echo; exec sleep 600");
  await running.stdout.values({ preventCancel: true }).next();
  const { ino } = await Deno.stat(ipft.unpacked);
  const damages: [string, (path: string) => Promise<void>][] = [
    ["deno", (path) => Deno.truncate(path)],
    ["deno", (path) => Deno.truncate(path, 4000)],
    ["deno", async (path) => {
      const { size } = await Deno.stat(path);
      await Deno.truncate(path);
      await Deno.truncate(path, size);
    }],
    ["deno", (path) => Deno.remove(path)],
    ["main.js", (path) => Deno.truncate(path)],
    ["main.js", async (path) => {
      await Deno.rename(path, `${path}.old`);
      await Deno.symlink(`${path}.old`, path);
    }],
    ["native", (path) => Deno.remove(path, { recursive: true })],
  ];
  for (const [name, damage] of damages) {
    // A file that runs cannot be written to.
    const path = `${ipft.unpacked}/${name}`;
    if (name === "deno") {
      await Deno.copyFile(path, `${path}.copy`);
      await Deno.rename(`${path}.copy`, path);
    }
    await damage(path);
    assert.equal(await ipft.run("echo ran"), "ran\n");
    assert.equal(ipft.cached.length, 1);
    assert.equal((await Deno.stat(ipft.unpacked)).ino, ino);
    for (const file of ["deno", "main.js", "native/libbpf.so.1"]) {
      assert.deepEqual(
        await Deno.readFile(`${ipft.unpacked}/${file}`),
        await Deno.readFile(`${ipft.folder}/packed/${file}`),
      );
    }
  }
  running.kill("SIGKILL");
  await running.status;
  await Deno.remove(`${ipft.unpacked}/main.js`);
  await Deno.mkdir(`${ipft.unpacked}/main.js`);
  assert.match(await ipft.failure(), /^ipft: cannot unpack into .*; remove .*\/cache\/ipft\n$/);
});

Deno.test("first starts at once unpack once", async () => {
  await using ipft = await Executable.make();
  const starts = Array.from({ length: 6 }, (_, at) => ipft.run(`echo ${at}; stat -c %i "$0"`));
  const inodes = (await Promise.all(starts)).map((text, at) => {
    assert.match(text, new RegExp(`^${at}\n`));
    return text.split("\n")[1];
  });
  assert.equal(new Set(inodes).size, 1);
  assert.equal(ipft.cached.length, 1);
});

Deno.test("what killed starts have left goes away, but nothing that is being made", async () => {
  await using ipft = await Executable.make();
  await ipft.run("true");
  const cache = `${ipft.folder}/cache/ipft`;
  const leave = (lock: string) =>
    ipft.run(`${lock} ls ${cache}`, { before: `mkdir -p ${cache}/unpack.aaaaaa/tree` });
  const busy = await locked(cache);
  assert.match(await leave(""), /unpack.aaaaaa/);
  busy.kill();
  await busy.status;
  assert.doesNotMatch(await leave(""), /unpack/);
});

Deno.test("versions that nobody uses are removed once they are old, whatever the clock was", async () => {
  await using ipft = await Executable.make();
  const cache = `${ipft.folder}/cache/ipft`;
  const folder = (letter: string) => `${cache}/${letter.repeat(64)}`;
  await ipft.run("true");
  const others = ["a", "b", "c", "d", "e"].map((letter) => `${folder(letter)}/native`);
  const { unpacked } = ipft;
  await ipft.run("true", { before: `mkdir -p ${cache}/of-the-user ${others.join(" ")}` });
  await Deno.remove(unpacked, { recursive: true });
  const now = Date.now() / 1000, day = 24 * 3600;
  for (
    const [path, time] of [
      [`${cache}/of-the-user`, 0],
      [folder("a"), 0],
      [folder("b"), now + 3 * day],
      [folder("c"), now - 9 * day],
      [folder("d"), now - day],
      [folder("e"), 0],
    ] as const
  ) await Deno.utime(path, time, time);
  const runs = await locked("-s", folder("e"));
  await ipft.run("true");
  const kept = ipft.cached.filter((name) => /^(.)\1*$|of/.test(name));
  assert.deepEqual(kept, ["d".repeat(64), "e".repeat(64), "of-the-user"]);
  assert.equal(ipft.cached.length, 4);
  runs.kill();
  await runs.status;
});

Deno.test("a folder is locked for as long as ipft runs from it, with a descriptor that is free", async () => {
  await using ipft = await Executable.make();
  const running = ipft.spawn("exec sleep 600", { before: "exec 9</dev/null" });
  while (!await Deno.stat(`${ipft.folder}/cache/ipft`).catch(() => undefined)) await pause();
  while (ipft.cached.length !== 1 || !/^[0-9a-f]{64}$/.test(ipft.cached[0])) await pause();
  const isFree = async () =>
    (await new Deno.Command("flock", { args: ["-n", ipft.unpacked, "true"] }).output()).success;
  while (await isFree()) await pause();
  running.kill();
  await running.output();
  assert(await isFree());
  // It takes no descriptor of the user's.
  const opened = await ipft.run("readlink /proc/$$/fd/9 /proc/$$/fd/8; echo $IPFT_USER_LOCK", {
    before: "exec 9</dev/null",
  });
  assert.equal(opened, `/dev/null\n${ipft.unpacked}\n8\n`);
  assert.match(
    await ipft.failure({ before: "exec 3<. 4<. 5<. 6<. 7<. 8<. 9<." }),
    /descriptors 3 to 9 are all in use/,
  );
});

/** Returns a process that holds a lock, once it does. */
async function locked(...args: string[]): Promise<Deno.ChildProcess> {
  const script = "echo locked; exec >/dev/null sleep 600";
  const child = new Deno.Command("flock", {
    args: ["--no-fork", ...args, "sh", "-c", script],
    stdout: "piped",
  }).spawn();
  for await (const _ of child.stdout) break;
  return child;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

Deno.test("a cache is found, or the line says how to give one", async () => {
  await using ipft = await Executable.make();
  const where = 'echo "${DENO_DIR%/ipft/*}"';
  const home = `${ipft.folder}/home`;
  assert.equal(await ipft.run(where), `${ipft.folder}/cache\n`);
  assert.equal(await ipft.run(where, { env: "-u XDG_CACHE_HOME" }), `${home}/.cache\n`);
  assert.equal(await ipft.run(where, { env: "XDG_CACHE_HOME=cache" }), `${home}/.cache\n`);
  assert.equal(await ipft.run(where, { env: "-u HOME" }), `${ipft.folder}/cache\n`);
  for (
    const env of [
      "-u HOME -u XDG_CACHE_HOME",
      "HOME=home XDG_CACHE_HOME=x",
      "HOME= XDG_CACHE_HOME=",
    ]
  ) {
    assert.match(await ipft.failure({ env }), /^ipft: HOME is not .*; set XDG_CACHE_HOME to/);
  }
  const missing = await ipft.failure({ env: "XDG_CACHE_HOME=/proc/no/such" });
  assert.match(
    missing,
    /^ipft: cannot make \/proc\/no\/such\/ipft: No such file or directory; set XDG/,
  );
});

Deno.test("a working directory that has been removed is said", async () => {
  await using ipft = await Executable.make();
  const gone = `${ipft.folder}/gone`;
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", `mkdir ${gone}; cd ${gone}; rmdir ${gone}; exec ${ipft.folder}/ipft`],
  }).output();
  assert.equal(code, 1);
  const message = new TextDecoder().decode(stderr);
  assert.match(message, /^ipft: the working directory has been removed; change to another one$/m);
});

Deno.test("a cache may be setgid, but others must not be able to write to it", async () => {
  await using ipft = await Executable.make();
  await Deno.chmod(`${ipft.folder}/cache`, 0o2755);
  await ipft.run("true");
  await ipft.run("true");
  assert.equal((await Deno.stat(ipft.unpacked)).mode! & 0o7777, 0o2700);
  for (const path of [ipft.unpacked, `${ipft.folder}/cache/ipft`]) {
    await Deno.chmod(path, 0o770);
    assert.match(await ipft.failure(), /others could have written to it; remove .*cache\/ipft$/m);
    await Deno.chmod(path, 0o700);
  }
  await Deno.remove(ipft.unpacked, { recursive: true });
  await Deno.chmod(`${ipft.folder}/cache/ipft`, 0o755);
  assert.match(await ipft.failure(), /will not use .*: it must be a folder of yours with mode 700/);
  await Deno.remove(`${ipft.folder}/cache/ipft`);
  await Deno.symlink(`${ipft.folder}/home`, `${ipft.folder}/cache/ipft`);
  assert.match(await ipft.failure(), /will not use .*: it must be a folder of yours with mode 700/);
});

Deno.test("an executable that is incomplete says so, and leaves nothing", async () => {
  await using ipft = await Executable.make();
  const { size } = await Deno.stat(`${ipft.folder}/ipft`);
  await Deno.truncate(`${ipft.folder}/ipft`, size - 1000);
  assert.equal(await ipft.failure(), "ipft: ./ipft is damaged: copy it again\n");
  assert.deepEqual(ipft.cached, []);
});

Deno.test("docs/troubleshooting.md has every message of the launcher", async () => {
  const root = new URL("../../../", import.meta.url);
  const launcher = await Deno.readTextFile(new URL("package/launcher.sh", root));
  const page = (await Deno.readTextFile(new URL("docs/troubleshooting.md", root)))
    .replaceAll(/\s+/g, " ");
  const calls = [...launcher.matchAll(/^[^#\n]*\b(fail|try) "(.*?)[;"]/gm)];
  const messages = calls.map(([, call, text]) => (call === "try" ? `cannot ${text}: …` : text))
    .filter((text) => text !== "cannot $what: ${why##*: }")
    .map((text) => text.replaceAll(/\$\{.*?\}|\$\w+/g, "…"));
  assert(messages.length >= 12, messages.join("\n"));
  assert.deepEqual(messages.filter((message) => !page.includes(`\`${message}`)), []);
});

Deno.test({
  name: "a file system that is full, read-only or noexec is named, with a cure",
  ignore: !IS_ROOT,
  async fn() {
    await using ipft = await Executable.make();
    const mount = (options: string) => ({
      mount: `mount -t tmpfs -o mode=777,${options} tmpfs ${ipft.folder}/cache`,
    });
    assert.match(
      await ipft.failure(mount("size=64k")),
      /^ipft: cannot unpack into .*: No space left on device; set XDG_CACHE_HOME to a folder/,
    );
    assert.match(
      await ipft.failure(mount("ro")),
      /^ipft: cannot make .*cache\/ipft: Read-only file system; set XDG_CACHE_HOME to a folder/,
    );
    assert.match(
      await ipft.failure(mount("noexec")),
      /^ipft: cannot run .*\/deno: .*noexec; mount it with exec, or set XDG_CACHE_HOME to a folder/,
    );
    await ipft.run("true");
    const readOnly = { mount: `mount --bind -o ro ${ipft.folder}/cache ${ipft.folder}/cache` };
    assert.equal(await ipft.run('echo ran; [ -w "$0" ] || echo ro', readOnly), "ran\nro\n");
  },
});
