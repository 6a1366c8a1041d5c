import assert from "node:assert/strict";
import fc from "fast-check";
import type { Kernel } from "../../../lib/kernel/kernel.ts";
import { kernelKey, readKernelCache, writeKernelCache } from "../../../lib/kernel/kernel_cache.ts";

const KERNEL: Kernel = {
  capabilities: {
    ringBuffer: true,
    kprobe: true,
    perfEventLink: true,
    kprobeMulti: true,
    kprobeSession: false,
    fentry: true,
    moduleBtf: true,
    fetchAdd: true,
  },
  btfIds: { sessionIsReturn: 30131, sessionCookie: 30130, skBuff: 7 },
  functions: [
    {
      name: "ip_rcv",
      module: "vmlinux",
      skbPosition: 0,
      btfId: 7,
      address: 0xffff_ffff_81a3_c0d0n,
    },
    { name: "x.isra.0", module: "nf_nat", skbPosition: 2, btfId: 900 },
  ],
  leftOut: [{ name: "y.isra.0", module: "vmlinux", skbPosition: 0, btfId: 8 }],
  describesVariants: true,
  warnings: ["the functions of module b are left out"],
};

async function inFolder(check: (folder: string) => void): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    check(`${parent}/ipft`);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

Deno.test("readKernelCache returns what was written under the same key, and nothing under another", () =>
  inFolder((folder) => {
    assert.equal(readKernelCache("1 a", folder), undefined);
    writeKernelCache("1 a", KERNEL, folder);
    assert.deepEqual(readKernelCache("1 a", folder), KERNEL);
    assert.equal(readKernelCache("1 b", folder), undefined);
    const without = { ...KERNEL, btfIds: {}, functions: [] };
    writeKernelCache("1 b", without, folder);
    assert.deepEqual(readKernelCache("1 b", folder), without);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["kernel.json"]);
    assert.equal(Deno.statSync(folder).mode! & 0o777, 0o700);
  }));

Deno.test("the cache is neither read nor written where others could write", () =>
  inFolder((folder) => {
    writeKernelCache("1 a", KERNEL, folder);
    for (const mode of [0o770, 0o707, 0o1777]) {
      Deno.chmodSync(folder, mode);
      assert.equal(readKernelCache("1 a", folder), undefined);
      writeKernelCache("1 b", KERNEL, folder);
    }
    Deno.chmodSync(folder, 0o755);
    assert.deepEqual(readKernelCache("1 a", folder), KERNEL);
    Deno.renameSync(folder, `${folder}.real`);
    Deno.symlinkSync(`${folder}.real`, folder);
    assert.equal(readKernelCache("1 a", folder), undefined);
    Deno.removeSync(folder);
    if (Deno.uid() === 0) {
      Deno.renameSync(`${folder}.real`, folder);
      Deno.chownSync(folder, 65534, 65534);
      assert.equal(readKernelCache("1 a", folder), undefined);
    }
  }));

Deno.test("readKernelCache ignores a damaged cache", () =>
  inFolder((folder) => {
    writeKernelCache("1 a", KERNEL, folder);
    const path = `${folder}/kernel.json`, text = Deno.readTextFileSync(path);
    const cut = fc.nat(text.length - 1).map((length) => text.slice(0, length));
    const other = fc.oneof(fc.json(), fc.string(), fc.constant(`{"key":"1 a"}`));
    fc.assert(
      fc.property(fc.oneof(cut, other), (damaged) => {
        Deno.writeTextFileSync(path, damaged);
        assert.equal(readKernelCache("1 a", folder), undefined);
      }),
    );
  }));

Deno.test("writeKernelCache removes what killed processes have left, and nothing else", () =>
  inFolder((folder) => {
    writeKernelCache("1 a", KERNEL, folder);
    for (const name of ["kernel.4194305", "kernel.1", "kernel.x"]) {
      Deno.writeTextFileSync(`${folder}/${name}`, "");
    }
    writeKernelCache("2 b", KERNEL, folder);
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
    assert.deepEqual(names, ["kernel.1", "kernel.json", "kernel.x"]);
    assert.deepEqual(readKernelCache("2 b", folder), KERNEL);
  }));

Deno.test("writeKernelCache fails silently where it cannot write", () => {
  writeKernelCache("1 a", KERNEL, "/proc/ipft");
  writeKernelCache("1 a", KERNEL, "/dev/null/ipft");
  assert.equal(readKernelCache("1 a", "/dev/null/ipft"), undefined);
});

Deno.test("kernelKey changes with the modules, and when a module is loaded again", async () => {
  const folder = await Deno.makeTempDir();
  const key = () => kernelKey(folder) ?? assert.fail();
  const keys = [key()];
  Deno.writeTextFileSync(`${folder}/vmlinux`, "");
  keys.push(key());
  Deno.writeTextFileSync(`${folder}/nf_nat`, "");
  assert.equal(key(), key());
  keys.push(key());
  // Both files exist at once, so their inode numbers differ.
  Deno.writeTextFileSync(`${folder}/new`, "");
  Deno.renameSync(`${folder}/new`, `${folder}/nf_nat`);
  keys.push(key());
  assert.equal(new Set(keys).size, keys.length);
  await Deno.remove(folder, { recursive: true });
  assert.equal(kernelKey(folder), undefined);
});
