import assert from "node:assert/strict";
import { IpftError } from "../../../lib/base/errors.ts";
import { Open } from "../../../lib/ffi/descriptor.ts";
import { openDestination } from "../../../lib/output/open_destination.ts";
import { HeldMemory } from "../../../lib/output/held_memory.ts";
import { Outputs } from "../../../lib/output/outputs.ts";
import { OutputClosed } from "../../../lib/output/stdout.ts";
import { event } from "../../support/memory_source.ts";
import { identified } from "../../support/sink_fixture.ts";
import { FUNCTIONS } from "../../support/row.ts";

const MODULE = import.meta.resolve("../../../lib/output/open_destination.ts");

const INFO = { tracer: "function", functions: FUNCTIONS, originNs: 0n } as const;

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Writes a text to a destination as a trace does. @param isComplete false: something fails meanwhile */
async function writeTo(path: string, text: string, isComplete = true): Promise<void> {
  using destination = await openDestination(path);
  destination.begin();
  await destination.write(new TextEncoder().encode(text));
  if (isComplete) await destination.finish();
}

function namesIn(directory: string): string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
}

Deno.test("a file with results replaces the old one when they are complete, which stays until then", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/trace.txt`;
    await Deno.writeTextFile(path, "old");
    await Deno.chmod(path, 0o2640);
    await Deno.chown(path, 1234, 4321);
    await writeTo(path, "cut off", false);
    assert.equal(await Deno.readTextFile(path), "old");
    const { ino } = await Deno.stat(path);
    {
      using file = await openDestination(path);
      assert.deepEqual([file.fd, file.isTerminal], [undefined, false]);
      file.begin();
      await file.write(new TextEncoder().encode("one\n"));
      await file.write(new Uint8Array(3_000_000));
      assert.equal(await Deno.readTextFile(path), "old");
      await file.finish();
    }
    const written = await Deno.readFile(path);
    assert.equal(written.length, 4 + 3_000_000);
    assert.equal(new TextDecoder().decode(written.subarray(0, 4)), "one\n");
    const { mode, uid, gid, ino: newIno } = await Deno.stat(path);
    assert.deepEqual([mode! & 0o7777, uid, gid], [0o2640, 1234, 4321]);
    assert.notEqual(newIno, ino);
    assert.deepEqual(namesIn(directory), ["trace.txt"]);
  }));

Deno.test("a file system that has no files without a name gets one with a name, which goes away", () =>
  inDirectory(async (directory) => {
    const O_DIRECTORY = 0o200000, { temporary } = Open;
    Object.assign(Open, { temporary: O_DIRECTORY }); // EISDIR, as on such a file system
    try {
      const path = `${directory}/old`, stale = `.ipft-${Deno.pid}-0`;
      await Deno.writeTextFile(path, "old");
      await Deno.writeTextFile(`${directory}/${stale}`, "of a killed ipft");
      {
        using file = await openDestination(path);
        assert.deepEqual(namesIn(directory), [stale, "old"]);
        file.begin();
        assert.deepEqual(namesIn(directory), [stale, `.ipft-${Deno.pid}-1`, "old"]);
        globalThis.dispatchEvent(new Event("unload")); // as Deno.exit does
        assert.deepEqual(namesIn(directory), [stale, "old"]);
      }
      await writeTo(path, "cut off", false);
      assert.equal(await Deno.readTextFile(path), "old");
      await writeTo(path, "new");
      assert.equal(await Deno.readTextFile(path), "new");
      assert.deepEqual(namesIn(directory), [stale, "old"]);
    } finally {
      Object.assign(Open, { temporary });
    }
  }));

Deno.test("results that cannot replace the old file are kept, and the error says where", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/old`;
    await Deno.writeTextFile(path, "old");
    using file = await openDestination(path);
    file.begin();
    await file.write(new TextEncoder().encode("new"));
    await Deno.remove(path);
    await Deno.mkdir(path);
    const kept = `${directory}/.ipft-${Deno.pid}-0`;
    await assert.rejects(
      file.finish(),
      new IpftError(`cannot replace ${path}: it is a directory`, `the results are in ${kept}`),
    );
    file[Symbol.dispose]();
    assert.equal(await Deno.readTextFile(kept), "new");
  }));

Deno.test("a new file is made when the trace is ready, with the permissions of the umask, and grows", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/new`;
    using file = await openDestination(path);
    assert.deepEqual(namesIn(directory), []);
    file.begin();
    await file.write(new Uint8Array(5));
    const { size, mode } = await Deno.stat(path);
    assert.deepEqual([size, mode! & 0o777], [5, 0o666 & ~Deno.umask()]);
    await file.finish();
  }));

Deno.test("a symbolic link stays one, whether its target is there or not", () =>
  inDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/below`);
    await Deno.symlink("below/target", `${directory}/link`);
    await Deno.symlink("link", `${directory}/second`);
    for (const text of ["new", "newer"]) {
      await writeTo(`${directory}/second`, text);
      assert.equal(await Deno.readTextFile(`${directory}/below/target`), text);
    }
    assert((await Deno.lstat(`${directory}/link`)).isSymlink);
    assert.deepEqual(namesIn(directory), ["below", "link", "second"]);
    assert.deepEqual(namesIn(`${directory}/below`), ["target"]);
    await Deno.symlink("loop", `${directory}/loop`);
    await assert.rejects(openDestination(`${directory}/loop`), /ELOOP/);
  }));

Deno.test("a file with several names keeps them, and is emptied by the first result or the end", () =>
  inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/one`, "old and long");
    await Deno.link(`${directory}/one`, `${directory}/two`);
    using file = await openDestination(`${directory}/one`);
    assert.equal(await Deno.readTextFile(`${directory}/two`), "old and long");
    file.begin();
    assert.equal(await Deno.readTextFile(`${directory}/two`), "old and long");
    await file.write(new TextEncoder().encode("new"));
    await file.write(new TextEncoder().encode("er"));
    await file.finish();
    assert.equal(await Deno.readTextFile(`${directory}/two`), "newer");
    await writeTo(`${directory}/two`, "");
    assert.equal(await Deno.readTextFile(`${directory}/one`), "");
  }));

Deno.test("standard output has a reader to watch, and a file that the shell opened is continued", () =>
  inDirectory(async (directory) => {
    using stdout = await openDestination(undefined);
    assert.equal(stdout.fd, 1);
    const path = `${directory}/appended`;
    await Deno.writeTextFile(path, "first ");
    const program = `
      import { openDestination } from "${MODULE}";
      using file = await openDestination("/dev/fd/3");
      file.begin();
      await file.write(new TextEncoder().encode("second"));
      await file.finish();`;
    const { success, stderr } = await new Deno.Command("sh", {
      args: ["-c", `"$@" 3>>${path}`, "sh", Deno.execPath(), "eval", "--no-check", program],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    assert.equal(await Deno.readTextFile(path), "first second");
  }));

Deno.test("a named pipe waits for its reader until a signal, and tells of a reader that is gone", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/pipe`;
    await new Deno.Command("mkfifo", { args: [path] }).output();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(openDestination(path, controller.signal), /interrupted before the trace/);

    const reader = new Deno.Command("head", { args: ["-c", "3", path], stdout: "piped" }).spawn();
    using pipe = await openDestination(path, new AbortController().signal);
    assert(pipe.fd !== undefined && pipe.fd > 2);
    pipe.begin();
    await pipe.write(new TextEncoder().encode("abc"));
    assert.equal(new TextDecoder().decode((await reader.output()).stdout), "abc");
    await assert.rejects(pipe.write(new Uint8Array(1)), OutputClosed);
  }));

Deno.test("openDestination says which file cannot be written and why", () =>
  inDirectory(async (directory) => {
    const refused = (path: string, reason: string) =>
      assert.rejects(openDestination(path), new IpftError(`cannot write ${path}: ${reason}`));
    await refused(`${directory}/no/file`, "there is no such file");
    await refused("", "there is no such file");
    await refused(`${directory}/new/`, "there is no such file");
    await refused(directory, "it is a directory");
    await refused("/dev/null/x", "ENOTDIR (not a directory)");
    using full = await openDestination("/dev/full");
    await assert.rejects(
      full.write(new Uint8Array(1)),
      new IpftError(
        "cannot write /dev/full: ENOSPC (no space left)",
        "send it where there is room",
      ),
    );
  }));

Deno.test("Outputs gives the same events to each of its files, in the file's format", () =>
  inDirectory(async (directory) => {
    {
      using outputs = await Outputs.open([
        { format: "json", path: `${directory}/a` },
        { format: "aggregate", path: `${directory}/b` },
      ]);
      assert.deepEqual(outputs.fds, []);
      assert(outputs.isQuiet);
      outputs.begin();
      using memory = new HeldMemory(undefined, undefined, assert.fail);
      const sinks = outputs.openSinks({ header: { ...INFO, sections: [] } }, memory);
      await sinks.write(identified([event(7)], INFO));
      await sinks.finish();
    }
    const [json, table] = await Promise.all(
      ["a", "b"].map((name) => Deno.readTextFile(`${directory}/${name}`)),
    );
    assert.equal(JSON.parse(json).packet_id, "0x0000000000000007");
    assert.match(table, /^Timestamp CPU Module +Function\n +0 +0 vmlinux +ip_rcv\n$/);
  }));

Deno.test("Outputs replaces a file whose results are complete, also when another output has failed", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/old.json`;
    await Deno.writeTextFile(path, "old");
    using outputs = await Outputs.open([
      { format: "json", path: "/dev/full" },
      { format: "json", path },
    ]);
    outputs.begin();
    using memory = new HeldMemory(undefined, undefined, assert.fail);
    const sinks = outputs.openSinks({ header: { ...INFO, sections: [] } }, memory);
    await sinks.write(identified([event(7)], INFO));
    await assert.rejects(sinks.finish(), /no space left/);
    assert.match(await Deno.readTextFile(path), /^\{"packet_id"/);
  }));

Deno.test("Outputs opens all of its files or fails, and touches none", () =>
  inDirectory(async (directory) => {
    await assert.rejects(
      Outputs.open([
        { format: "json", path: `${directory}/a` },
        { format: "json", path: `${directory}/no/b` },
      ]),
      /cannot write .*\/no\/b/,
    );
    assert.deepEqual(namesIn(directory), []);
  }));
