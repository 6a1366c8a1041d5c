/** What a trace does to the files of its user, and what full or closed outputs do to the trace. */
import assert from "node:assert/strict";
import { ipftCommandLine, options, ping, shell, Trace, workingBackends } from "./ipft.ts";

const few = options((await workingBackends())[0]);

async function inDirectory(body: (at: (name: string) => string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body((name) => `${directory}/${name}`);
  } finally {
    await shell(`umount ${directory}/mounted 2>/dev/null || true; rm -rf ${directory}`);
  }
}

Deno.test("a trace replaces its user's files when it is complete, and keeps what else is there", () =>
  inDirectory(async (at) => {
    await shell(`
      cd ${at(".")}; umask 022
      for name in old target hard mounted elsewhere killed; do echo before >$name; done
      chmod 640 old; chown 1234:4321 old
      ln -s target link; ln hard hard2; mount --bind elsewhere mounted; mkfifo pipe`);
    const before = await shell(`cd ${at(".")}; ls -A`);
    await using killed = await Trace.start("-m", "9", ...few, "-o", "json", "-w", at("killed"));
    await using reader = new Deno.Command("cat", { args: [at("pipe")], stdout: "piped" }).spawn();
    const names = ["old", "new", "link", "hard", "mounted", "pipe"];
    const outputs = names.flatMap((name) => ["-o", "json", "-w", at(name)]);
    await using trace = await Trace.start("-m", "1234", ...few, ...outputs, "-w", "/dev/null");
    await ping(1234, "-c", "1");
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(await Deno.readTextFile(at("old")), "before\n");
    assert.equal(await Deno.readTextFile(at("target")), "before\n");
    const live = await Deno.readTextFile(at("new"));
    assert.match(live, /^\{.*\}\n$/s, "a new file grows");
    const { code, stderr } = await trace.stop("SIGTERM");
    assert.equal(code, 0, stderr);
    assert.equal((await killed.stop("SIGKILL")).code, 137);

    assert.equal(await Deno.readTextFile(at("killed")), "before\n");
    const files = ["old", "new", "target", "hard", "hard2", "mounted", "elsewhere"];
    for (const name of files) assert.equal(await Deno.readTextFile(at(name)), live, name);
    assert.equal(new TextDecoder().decode((await reader.output()).stdout), live);
    assert.equal(
      await shell(`cd ${at(".")}; stat -c '%a %u %g' old new; readlink link`),
      "640 1234 4321\n644 0 0\ntarget\n",
    );
    assert.equal(
      await shell(`cd ${at(".")}; ls -A`),
      `${before}new\n`.split("\n").sort().join("\n").trim() + "\n",
    );
  }));

Deno.test("a full or closed stderr takes nothing from a trace", () =>
  inDirectory(async (at) => {
    const command = ipftCommandLine(
      ...["-m", "1234", ...few, "-o", "json", "--"],
      ...["sh", "-c", "exec ping -q -c 1 -m 1234 127.0.0.1 >/dev/null"],
    );
    const statuses = await shell(`
      ${command} >${at("full")} 2>/dev/full & full=$!
      ${command} >${at("closed")} 2>&- & closed=$!
      ${command} >${at("pipe")} 2> >(true) & pipe=$!
      for pid in $full $closed $pipe; do wait $pid; echo $?; done`);
    assert.equal(statuses, "0\n0\n0\n");
    for (const name of ["full", "closed", "pipe"]) {
      assert.match(await Deno.readTextFile(at(name)), /"function":"icmp_rcv"/, name);
    }
  }));
