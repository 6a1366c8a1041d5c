import assert from "node:assert/strict";
import { hasRoom, makeBlocking, Open, open, writeAll } from "../../../lib/ffi/descriptor.ts";
import { close } from "../../../lib/ffi/libc.ts";

Deno.test("writeAll writes everything to a pipe, blocking or not, and hasRoom tells of a full one", async () => {
  const path = await Deno.makeTempFile();
  await Deno.remove(path);
  await new Deno.Command("mkfifo", { args: [path] }).output();
  const reader = await Deno.open(path, { read: true, write: true }); // without waiting for a writer
  for (const isBlocking of [false, true]) {
    const fd = open(path, Open.write | Open.nonBlocking);
    assert(fd > 2 && hasRoom(fd));
    if (isBlocking) makeBlocking(fd);
    const bytes = Uint8Array.from({ length: 1_000_000 }, (_, i) => i * 7);
    const writing = writeAll(fd, bytes);
    while (hasRoom(fd)) await new Promise((resolve) => setTimeout(resolve, 1));
    const received = new Uint8Array(bytes.length);
    for (let length = 0; length < bytes.length;) {
      length += (await reader.read(received.subarray(length)))!;
    }
    assert.equal(await writing, 0);
    assert.deepEqual(received, bytes);
    close(fd);
  }
  reader.close();
  const EBADF = 9;
  assert.equal(await writeAll(-1, new Uint8Array(1)), -EBADF);
  await Deno.remove(path);
});
