/** Signals end ipft while a script is stuck. The script is so before anything is asked of the kernel. */
import assert from "node:assert/strict";
import { join } from "node:path";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** A second, and what another process takes to notice on a machine with other work. */
const LONGEST_MS = 2000;

const STUCK = {
  loop: `function init() print("stuck") while true do end end`,
  pcall: `print("stuck") while true do pcall(function() while true do end end) end`,
  pattern: `function init() print("stuck") return ("a"):rep(40000):find(".-.-b") end`,
  "full pipe": `function init() print("stuck") while true do print(("x"):rep(1000)) end end`,
  coroutines:
    `function init() print("stuck") while true do coroutine.wrap(function() end)() end end`,
};

Deno.test("a signal ends ipft within a second while a script is stuck", async () => {
  const folder = await Deno.makeTempDir({ prefix: "ipft-lua-" });
  try {
    for (const [i, [name, source]] of Object.entries(STUCK).entries()) {
      const path = join(folder, `${name}.lua`);
      await Deno.writeTextFile(path, `api_version = 1\n${source}\n`);
      await using child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "main.ts", "-m", "77", "-s", path],
        cwd: ROOT,
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const stderr = new Response(child.stderr).text();
      const reader = child.stdout.getReader();
      await reader.read(); // "stuck"
      const start = performance.now();
      child.kill(i % 2 === 0 ? "SIGINT" : "SIGTERM");
      const { code } = await child.status;
      const tookMs = performance.now() - start;
      assert(tookMs < LONGEST_MS, `${name}: ${tookMs} ms`);
      assert.equal(code, 1);
      assert.match(await stderr, /^ipft: .* failed: .*stopped (by a signal|after )/m, name);
      await reader.cancel();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
