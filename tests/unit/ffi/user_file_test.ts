import assert from "node:assert/strict";
import { readUserFile } from "../../../lib/ffi/user_file.ts";

const MIB = 2 ** 20;

Deno.test("readUserFile reads files of any size up to its limit, and pipes to their end", async () => {
  const path = await Deno.makeTempFile();
  for (const size of [0, 1, 65536, 65537, 16 * MIB]) {
    await Deno.writeFile(path, new Uint8Array(size).fill(7));
    const content = await readUserFile("script", path);
    assert.equal(content.length, size);
    assert(content.every((byte) => byte === 7));
  }
  await Deno.remove(path);
  await new Deno.Command("mkfifo", { args: [path] }).output();
  const writer = new Deno.Command("sh", {
    args: ["-c", '(sleep 0.2; printf one; sleep 0.2; printf two) >"$0"', path],
  }).spawn();
  const controller = new AbortController();
  const content = await readUserFile("script", path, controller.signal);
  assert.equal(new TextDecoder().decode(content), "onetwo");
  await writer.status;
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(
    readUserFile("script", path, controller.signal),
    /^IpftError: interrupted before the trace was ready$/,
  );
  await Deno.remove(path);
});

Deno.test("readUserFile refuses what is no file or does not end", async () => {
  const path = await Deno.makeTempFile();
  await Deno.truncate(path, 2 ** 40); // without a block on the disk
  const problems = {
    "/no/such/file": "there is no such file",
    "/tmp": "it is a directory",
    "/dev/zero": "it is larger than 16 MiB",
    [path]: "it is larger than 16 MiB",
  };
  for (const [file, problem] of Object.entries(problems)) {
    await assert.rejects(readUserFile("script", file), {
      name: "IpftError",
      message: `cannot read the script ${file}: ${problem}`,
    });
  }
  await Deno.remove(path);
});
