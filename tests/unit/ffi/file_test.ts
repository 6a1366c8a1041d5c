import assert from "node:assert/strict";
import { readDirSync, readFile, readFileSync, writeFileSync } from "../../../lib/ffi/file.ts";

const ENOENT = 2, EIO = 5, ENOTDIR = 20, EISDIR = 21;

Deno.test("readFileSync and readFile return the content of files of any size", async () => {
  const path = await Deno.makeTempFile();
  for (const size of [0, 1, 65535, 65536, 65537, 200_000, 3_000_000]) {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i * 7 + (i >>> 8));
    assert.equal(writeFileSync(path, bytes), 0);
    assert.deepEqual(await Deno.readFile(path), bytes);
    for (const content of [readFileSync(path), await readFile(path)]) {
      assert(typeof content !== "number" && content.length === size);
      assert(content.every((byte, i) => byte === bytes[i]));
    }
  }
  await Deno.remove(path);
});

Deno.test("readFileSync and readFile read files of unknown size to the end", async () => {
  // Larger than the initial buffer for such a file.
  const pipe = new Deno.Command("sh", {
    args: ["-c", "head -c 20000000 /dev/zero"],
    stdout: "piped",
  }).spawn();
  const path = await Deno.makeTempFile();
  await Deno.remove(path);
  await new Deno.Command("mkfifo", { args: [path] }).output();
  const writing = pipe.stdout.pipeTo((await openedForWriting(path)).writable);
  const content = await readFile(path);
  assert(typeof content !== "number");
  assert.equal(content.length, 20_000_000);
  await writing;
  await pipe.status;
  await Deno.remove(path);

  const text = readFileSync("/proc/self/status");
  assert(typeof text !== "number");
  assert.match(new TextDecoder().decode(text), /^Name:\t[^]*\nPid:\t\d+\n/);
});

/** Opens a named pipe that has no reader yet. Opened for reading too, it does not block. */
function openedForWriting(path: string): Promise<Deno.FsFile> {
  return Deno.open(path, { read: true, write: true });
}

Deno.test("functions on files return the negated errno on failure", async () => {
  assert.equal(readFileSync("/no/such/file"), -ENOENT);
  assert.equal(await readFile("/no/such/file"), -ENOENT);
  assert.equal(readFileSync("/tmp"), -EISDIR);
  assert.equal(await readFile("/tmp"), -EIO);
  assert.equal(readDirSync("/no/such/folder"), -ENOENT);
  assert.equal(readDirSync("/etc/passwd"), -ENOTDIR);
  assert(writeFileSync("/no/such/folder/file", new Uint8Array(1)) < 0);
  assert(writeFileSync("/dev/full", new Uint8Array(1)) < 0);
});

Deno.test("readDirSync returns all entries of a directory", () => {
  const entries = readDirSync("/proc/self");
  assert(typeof entries !== "number");
  const names = entries.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => !/^\d+$/.test(name)).sort(),
    Array.from(Deno.readDirSync("/proc/self"), ({ name }) => name).sort(),
  );
});
