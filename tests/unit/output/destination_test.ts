import assert from "node:assert/strict";
import { IpftError } from "../../../lib/base/errors.ts";
import { openDestination } from "../../../lib/output/destination.ts";
import { HeldMemory } from "../../../lib/output/held_memory.ts";
import { Outputs } from "../../../lib/output/outputs.ts";
import { event } from "../../support/memory_source.ts";
import { FUNCTIONS, identified } from "../../support/sink_fixture.ts";

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("openDestination empties a file, and writes all bytes to it", () =>
  inDirectory(async (directory) => {
    const path = `${directory}/trace.txt`;
    await Deno.writeTextFile(path, "what was there before");
    {
      using file = await openDestination(path);
      assert.deepEqual([file.fd, file.isTerminal], [undefined, false]);
      await file.write(new TextEncoder().encode("one\n"));
      await file.write(new Uint8Array(3_000_000));
    }
    const written = await Deno.readFile(path);
    assert.equal(written.length, 4 + 3_000_000);
    assert.equal(new TextDecoder().decode(written.subarray(0, 4)), "one\n");
  }));

Deno.test("openDestination without a path is standard output, which has a reader to watch", async () => {
  using stdout = await openDestination(undefined);
  assert.equal(stdout.fd, 1);
});

Deno.test("openDestination says which file cannot be written and why", () =>
  inDirectory(async (directory) => {
    await assert.rejects(
      openDestination(`${directory}/no/file`),
      new IpftError(`cannot write ${directory}/no/file: there is no such file`),
    );
    await assert.rejects(openDestination(directory), /^IpftError: cannot write \/.*directory/i);
    using full = await openDestination("/dev/full");
    await assert.rejects(
      full.write(new Uint8Array(1)),
      /^IpftError: cannot write \/dev\/full: No space left on device.*; send it where there is room$/,
    );
  }));

Deno.test("Outputs gives the same events to each of its files, in the file's format", () =>
  inDirectory(async (directory) => {
    const info = { tracer: "function", functions: FUNCTIONS, originNs: 0n } as const;
    {
      using outputs = await Outputs.open([
        { format: "json", path: `${directory}/a` },
        { format: "aggregate", path: `${directory}/b` },
      ]);
      assert.deepEqual(outputs.fds, []);
      assert(outputs.isQuiet);
      using memory = new HeldMemory(undefined, undefined, assert.fail);
      const sinks = outputs.openSinks({ header: { ...info, sections: [] } }, memory);
      await sinks.write(identified([event(7)], info));
      await sinks.finish();
    }
    const [json, table] = await Promise.all(
      ["a", "b"].map((name) => Deno.readTextFile(`${directory}/${name}`)),
    );
    assert.equal(JSON.parse(json).packet_id, "0x0000000000000007");
    assert.match(table, /^Timestamp CPU Module +Function\n +0 +0 vmlinux +ip_rcv\n$/);
  }));

Deno.test("Outputs opens all of its files or fails", () =>
  inDirectory(async (directory) => {
    await assert.rejects(
      Outputs.open([
        { format: "json", path: `${directory}/a` },
        { format: "json", path: `${directory}/no/b` },
      ]),
      /cannot write .*\/no\/b/,
    );
  }));
