/** What is kept of the kernel from one ipft to the next in /run/ipft, and what makes it out of date. */
import assert from "node:assert/strict";
import { ipft, isKernel, shell } from "./ipft.ts";

const CACHE = "/run/ipft/kernel.json";
/** A function of a module that nothing uses. */
const MODULE = "nf_conntrack", FUNCTION = "nf_conntrack_in";

async function listed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await ipft("-l", ...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

Deno.test("what the first ipft has found out about the kernel, the next one takes", async () => {
  await shell("rm -rf /run/ipft");
  const first = await listed();
  const { mode, ino } = await Deno.stat(CACHE);
  assert.equal(mode! & 0o777, 0o600);
  assert.equal(await listed(), first);
  assert.equal((await Deno.stat(CACHE)).ino, ino, "it was written again");
  await Deno.writeTextFile(CACHE, "{");
  assert.equal(await listed(), first);
  assert.notEqual((await Deno.stat(CACHE)).ino, ino, "it was not mended");
});

Deno.test("a cache in a folder of somebody else's is not used", async () => {
  const expected = await listed();
  const planted = JSON.parse(await Deno.readTextFile(CACHE));
  planted.kernel.functions.length = 1;
  await Deno.writeTextFile(CACHE, JSON.stringify(planted));
  assert.equal((await listed()).trimEnd().split("\n").length, 1, "the test plants nothing");
  await shell("chown -R nobody /run/ipft");
  assert.equal(await listed(), expected);
  await shell("rm -rf /run/ipft");
});

Deno.test({
  name: "a module that is loaded, gone, or loaded again is noticed",
  ignore: !isKernel(5, 11),
  async fn() {
    const addresses = async () => {
      const { kernel } = JSON.parse(await Deno.readTextFile(CACHE));
      const symbols = await shell(
        `grep "[tT] ${FUNCTION}[[:space:]]" /proc/kallsyms | cut -d ' ' -f 1`,
      );
      const fn = kernel.functions.find(({ name }: { name: string }) => name === FUNCTION);
      return [fn.address.slice(2), symbols.trim()];
    };
    const isListed = async () => (await listed()).includes(`\n${FUNCTION} [${MODULE}]\n`);
    assert.ok(!await isListed());
    for (let load = 0; load < 3; load++) {
      await shell(`modprobe ${MODULE}`);
      assert.ok(await isListed());
      const [kept, actual] = await addresses();
      assert.equal(kept, actual);
      await shell(`rmmod ${MODULE} && modprobe ${MODULE}`);
      assert.ok(await isListed());
      const [keptAgain, actualAgain] = await addresses();
      assert.equal(keptAgain, actualAgain);
      await shell(`rmmod ${MODULE}`);
      assert.ok(!await isListed());
    }
  },
});
