/** What scripts do to get out of their limits, and how each of them ends. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  failure,
  fieldsOf,
  lines,
  rawLines,
  withoutFolder,
  withScript,
} from "../../support/lua_fixture.ts";

/** Far more than the budget takes, because other work may share the machine. */
const LONGEST_MS = 10_000;

/** Returns what `dump` says at the end of two lines. */
async function dumps(body: string): Promise<string[]> {
  return await withScript(`function dump(data) ${body} end`, ({ script }) => {
    const { renderer } = fieldsOf(script);
    const start = performance.now();
    const found = ["", ""].flatMap((data) => lines(renderer, data));
    assert(performance.now() - start < LONGEST_MS, body);
    return found;
  });
}

const STOPPED = " (dump failed: foo.lua:1: stopped after 1,000,000 instructions)";

Deno.test("nothing catches the end of the budget, and nothing of the call runs after it", async () => {
  const endless = "function() while true do end end";
  const bodies = [
    // An unwrapped function of the library, if there were a way to it.
    `local raw for level = 1, 9 do
      pcall(function() local i = debug.getinfo(level, "f") raw = i and i.func or raw end)
    end while true do (raw or pcall)(${endless}) end`,
    `while true do pcall(pcall, ${endless}) end`,
    `while true do select(2, pcall(error)) pcall(xpcall, ${endless}, ${endless}) end`,
    `while true do coroutine.resume(coroutine.create(${endless})) end`,
    `while true do coroutine.close(coroutine.create(${endless})) pcall(coroutine.wrap(${endless})) end`,
    `while true do coroutine.wrap(function() end)() end`,
    `local function tree() for i = 1, 9 do coroutine.wrap(tree)() end end while true do pcall(tree) end`,
    `local mt = { __close = ${endless} } while true do pcall(function()
      local a <close> = setmetatable({}, mt) error("x") end) end`,
    `local mt = { __close = function() ran = true end }
      local a <close> = setmetatable({}, mt) if ran then return "ran" end while true do end`,
    `local mt = { __index = ${endless}, __eq = ${endless}, __concat = ${endless} }
      local a = setmetatable({}, mt) while true do pcall(function() return a.b end) end`,
    `while true do pcall(load, function() while true do end end) end`,
    `while true do pcall(string.gsub, "x", ".", ${endless}) end`,
    `while true do pcall(table.sort, { 3, 2, 1 }, ${endless}) end`,
    `return table.concat(setmetatable({}, { __index = function() return "x" end }), ",", 1, 1 << 60)`,
  ];
  for (const body of bodies) {
    const found = (await dumps(body.replaceAll("\n", " "))).map(withoutFolder);
    assert.deepEqual(found, [STOPPED, STOPPED], body);
  }
});

Deno.test("a function of the library that takes long is stopped, and other calls go on", async () => {
  const bodies = [
    `local s = ("x"):rep(1 << 24) while true do local _ = s < s .. "y" end`,
    `local t = {} for i = 1, 60000 do t[i] = i end for i = 1, 60000 do t[i] = nil end
      while true do next(t) end`,
    `local s = ("x"):rep(1 << 20) while true do s:reverse() end`,
  ];
  const stopped =
    " (dump failed: foo.lua:1: stopped after 100,000,000 rounds inside functions of Lua's library)";
  for (const body of bodies) {
    assert.deepEqual(await dumps(body.replaceAll("\n", " ")), [stopped, stopped], body);
  }
});

Deno.test("a function of the library that does not come back ends the script", async () => {
  const bodies = [
    `return ("a"):rep(40000):find(".-.-b")`,
    `return ("a"):rep(30):find(("a?"):rep(30) .. ("a"):rep(30))`,
    `return ("a"):rep(1 << 20):find(("a"):rep(1 << 19) .. "b", 1, true)`,
    `table.move({}, 1, 1 << 60, 2)`,
    `table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 2)`,
    `local s, t = ("x"):rep(1 << 22), {} for i = 1, 1000 do t[i] = s end table.sort(t)`,
  ];
  const stopped =
    " (dump failed: stopped after 100,000,000 rounds inside functions of Lua's library; " +
    "as one call did not end, the script is not called any more)";
  for (const body of bodies) assert.deepEqual(await dumps(body), [stopped, stopped], body);
  const init = `function init() return ("a"):rep(40000):find(".-.-b") end`;
  assert.match(
    await failure(init, ({ script }) => script.run(() => assert.fail(), () => {})),
    /^init failed: stopped after 300,000,000 rounds inside functions of Lua's library; /,
  );
});

Deno.test("open files are part of the script's memory, and have no metatable", async () => {
  const source = `local path = package.path:match("^(.-)/%?") .. "/big"
    local open = {}
    function dump(data)
      if data:byte() == 1 then return tostring(getmetatable(io.open(path))) end
      if data:byte() == 2 then open = {} return "closed" end
      for i = 1, 1000 do open[i] = assert(io.open(path)) end
    end`;
  await withScript(source, ({ script }) => {
    const { renderer } = fieldsOf(script);
    const before = Deno.memoryUsage().rss;
    const data = [0, 0, 2, 1].map((byte) => Uint8Array.of(byte));
    const full = " (dump failed: not enough memory: a script has 64 MiB)";
    assert.deepEqual(lines(renderer, ...data), [full, full, " closed", " false"]);
    const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
    assert(grown < 400, `${grown} MiB`);
  }, { big: new Uint8Array(10 * 2 ** 20) });
});

Deno.test("texts and keys take bounded memory", async () => {
  const before = Deno.memoryUsage().rss;
  const shapes = `n = 0
    function decode()
      n = n + 1
      local t = {}
      for i = 0, 11 do if n >> i & 1 == 1 then t["key" .. i] = i end end
      return t
    end`;
  await withScript(shapes, ({ script }) => {
    const { renderer } = fieldsOf(script, "json");
    for (let event = 0; event < 8192; event += 256) rawLines(renderer, ...Array(256).fill(""));
    assert.equal(renderer.failures, 0);
  });
  const large = `local text = ("x"):rep(1 << 24) function dump() return text end`;
  await withScript(large, ({ script }) => {
    const { renderer } = fieldsOf(script);
    const [line] = lines(renderer, ...Array(256).fill(""));
    assert.equal(line, " (dump failed: not enough memory: a script has 64 MiB)");
    assert.equal(renderer.failures, 256);
  });
  const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
  assert(grown < 700, `${grown} MiB`);
  const keys = `function decode(data)
    local t = {}
    for i = 1, 1001 do t["k" .. i] = i end
    return data:byte() == 1 and { [("k"):rep(256)] = 1 } or t
  end`;
  await withScript(keys, ({ script }) => {
    const { renderer } = fieldsOf(script);
    assert.deepEqual(lines(renderer, "", Uint8Array.of(1)), [
      " (decode failed: foo.lua:1: decode returned a table with more than 1000 keys)",
      " (decode failed: foo.lua:1: decode returned a table with a key of 256 bytes; the longest may have 255)",
    ]);
  });
});

Deno.test("a name that leads elsewhere a moment later opens nothing elsewhere", async () => {
  const source = `local folder = package.path:match("^(.-)/%?")
    function dump(data)
      local file, message = io.open(folder .. "/swapped/hostname")
      return file and file:read("a") or message
    end`;
  await withScript(source, async ({ script, folder }) => {
    // Swaps the folder with a link to /etc, as often as it can.
    const swap = `while :; do mv -T inside swapped; mv -T swapped inside
      mv -T outside swapped; mv -T swapped outside; done 2>/dev/null`;
    await Deno.symlink("/etc", join(folder, "outside"));
    const child = new Deno.Command("bash", { args: ["-c", swap], cwd: folder }).spawn();
    try {
      const { renderer } = fieldsOf(script);
      const seen = new Set<string>();
      for (let i = 0; i < 2000; i++) seen.add(lines(renderer, "")[0].trim().replace(/^\S+: /, ""));
      for (const line of seen) {
        assert.match(line, /^(inside|No such file or directory|refused by ipft's sandbox, .*)$/);
      }
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  }, { "inside/hostname": "inside" });
});

Deno.test("what is no regular file is refused at once", async () => {
  const source = `local folder = package.path:match("^(.-)/%?") .. "/"
    function dump(data)
      local name = data:match("^%Z+")
      local file, message = io.open((name:find("^/") and "" or folder) .. name)
      return file and "opened" or message
    end`;
  await withScript(source, async ({ script, folder }) => {
    await new Deno.Command("mkfifo", { args: [join(folder, "pipe")] }).output();
    await Deno.symlink("/dev/zero", join(folder, "zero"));
    await Deno.symlink("/proc/self/environ", join(folder, "environ"));
    await Deno.mkdir(join(folder, "folder"));
    const names = ["pipe", "folder", "zero", "environ", "/dev/stdin", "/dev/fd/0"];
    const found = lines(fieldsOf(script).renderer, ...names);
    const refused = (name: string) => ` ${name}: refused by ipft's sandbox`;
    assert.deepEqual(found.map((line) => line.replace(/, it is .*/, "")), [
      " pipe: not a regular file",
      " folder: not a regular file",
      refused("zero"),
      refused("environ"),
      refused("/dev/stdin"),
      refused("/dev/fd/0"),
    ]);
  });
});
