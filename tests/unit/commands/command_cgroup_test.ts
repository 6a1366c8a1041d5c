/** Directories of an ordinary file system stand in for cgroups: locks and names work the same there. */
import assert from "node:assert/strict";
import { makeOwnDirectory, removeLeftovers } from "../../../lib/commands/command_cgroup.ts";
import { close } from "../../../lib/ffi/libc.ts";

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

Deno.test("a name that is taken is no obstacle", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/ipft-12`);
    const own = makeOwnDirectory(`${folder}/ipft-12`);
    assert.match(own.path, /\/ipft-12-[0-9a-f]{8}$/);
    assert((await Deno.stat(own.path)).isDirectory);
    close(own.lock);
    assert.throws(
      () => makeOwnDirectory(`${folder}/missing/ipft-12`),
      { message: `cannot make ${folder}/missing/ipft-12: ENOENT (no such file, function or type)` },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("leftovers are removed with what is in them, those in use and of others are not", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/ipft-1/a/b`, { recursive: true });
    await Deno.mkdir(`${folder}/ipft-2-0123abcd`);
    for (const others of ["ipft-web.service", "ipft", "user.slice", "xipft-1"]) {
      await Deno.mkdir(`${folder}/${others}`);
    }
    const own = makeOwnDirectory(`${folder}/ipft-3`);
    removeLeftovers(folder);
    const kept = ["ipft", "ipft-web.service", "user.slice", "xipft-1"];
    assert.deepEqual(await namesIn(folder), [...kept, "ipft-3"].sort());
    close(own.lock);
    removeLeftovers(folder);
    assert.deepEqual(await namesIn(folder), kept);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
