import assert from "node:assert/strict";
import { join } from "node:path";
import { fieldsOf, lines, withoutFolder, withScript } from "../../support/lua_fixture.ts";

/** What the expression is in a script beside `files`, as `tostring` shows it. */
async function evaluate(
  expression: string,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<string> {
  const source = `function dump(data) return tostring(select(-1, ${expression})) end`;
  return await withScript(
    source,
    ({ script }) => lines(fieldsOf(script).renderer, "")[0].slice(1),
    files,
  );
}

/** The message with which a call of the function ends. */
async function refusal(call: string): Promise<string> {
  const message = await evaluate(`pcall(function() ${call} end)`);
  return message.replace(/^foo.lua:1: /, "");
}

/** What `dump` says at the end of a line, its errors included, and how often it failed in three events. */
async function threeDumps(body: string): Promise<{ line: string; failures: number }> {
  return await withScript(`function dump(data) ${body} end`, ({ script }) => {
    const { renderer } = fieldsOf(script);
    const [first, ...others] = lines(renderer, "", "", "");
    assert.deepEqual(others, [first, first]);
    return { line: first, failures: renderer.failures };
  });
}

Deno.test("the standard library that a script may expect is there", async () => {
  const expected = {
    [`string.pack(">I2", 0x4142)`]: "AB",
    [`string.unpack("<i8", "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff")`]: "9",
    [`table.concat({ 1, 2, 3 }, ",")`]: "1,2,3",
    [`math.type(7 // 2) .. 2^53`]: "integer9.007199254741e+15",
    [`utf8.char(0xe4, 0x1f427)`]: "ä🐧",
    [`coroutine.wrap(function() coroutine.yield("yield") end)()`]: "yield",
    [`select("#", table.unpack({}, 1, 3))`]: "3",
    [`os.date("!%Y-%m-%d", 0)`]: "1970-01-01",
    [`math.abs(os.time() - ${Date.now() / 1000}) < 60`]: "true",
    [`type(os.clock())`]: "number",
    [`load("return 1 + 1")()`]: "2",
    [`pcall(error, "thrown")`]: "thrown",
    [`xpcall(error, function(e) return e .. "!" end, "thrown")`]: "thrown!",
    [`type(debug.traceback())`]: "string",
    [`_VERSION`]: "Lua 5.4",
  };
  for (const [expression, value] of Object.entries(expected)) {
    assert.equal(await evaluate(expression), value, expression);
  }
});

Deno.test("what would reach beyond the script is refused, by name", async () => {
  const refused = {
    "os.execute": `os.execute("true")`,
    "io.popen": `io.popen("true")`,
    "os.remove": `os.remove("foo.lua")`,
    "os.rename": `os.rename("foo.lua", "bar.lua")`,
    "os.exit": "os.exit()",
    "os.getenv": `os.getenv("HOME")`,
    "os.tmpname": "os.tmpname()",
    "io.tmpfile": "io.tmpfile()",
    "io.read": "io.read()",
    "io.output": `io.output("x")`,
    "package.loadlib": `package.loadlib("libc.so.6", "*")`,
    "debug.sethook": "debug.sethook()",
    "debug.getregistry": "debug.getregistry()",
    "setmetatable": "setmetatable({}, { __gc = print })",
  };
  for (const [name, call] of Object.entries(refused)) {
    const message = await refusal(call);
    assert(message.startsWith(`${name}: refused by ipft's sandbox, `), message);
  }
});

Deno.test("files open for reading only", async () => {
  for (const mode of ["w", "a", "r+", "w+", "a+b", "wb"]) {
    assert.equal(
      await refusal(`io.open("made.txt", "${mode}")`),
      `io.open: mode '${mode}' refused by ipft's sandbox, files are for reading only`,
    );
  }
  await assert.rejects(Deno.stat("made.txt"), Deno.errors.NotFound);
});

Deno.test("files below the script's folder are read with all of Lua's ways", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const files = {
    "sub/mod.lua": "return { name = ..., value = 42 }",
    "lib.lua": "#!/usr/bin/lua\nreturn 'lib'",
    "all.bin": bytes,
    "text": "one\ntwo\n",
  };
  const folder = `package.path:match("^(.-)/%?")`;
  const expected = {
    [`require("sub.mod").value`]: "42",
    [`require("sub.mod").name`]: "sub.mod",
    [`require("lib")`]: "lib.lua",
    [`dofile(${folder} .. "/lib.lua")`]: "lib",
    [`loadfile(${folder} .. "/lib.lua")()`]: "lib",
    [`#io.open(${folder} .. "/all.bin", "rb"):read("a")`]: "256",
    [`io.open(${folder} .. "/all.bin"):read("a"):byte(256)`]: "255",
    [`io.open(${folder} .. "/text"):seek("end")`]: "8",
    [`(function() local n = 0 for l in io.lines(${folder} .. "/text") do n = n + #l end return n end)()`]:
      "6",
    [`io.type(io.open(${folder} .. "/text")) .. io.type(io.stdout)`]: "filefile",
    [`io.open(${folder})`]: "2",
  };
  for (const [expression, value] of Object.entries(expected)) {
    assert.equal(
      (await evaluate(expression, files)).replace(/^\/.*(?=\/lib)/, ""),
      value,
      expression,
    );
  }
});

Deno.test("files elsewhere are out of reach, also through symbolic links", async () => {
  const source = `function dump(data)
    local name = data:match("^%Z+")
    local file, message = io.open(folder .. name)
    return file and file:read("a") or message
  end
  folder = package.path:match("^(.-)/%?") .. "/"`;
  await withScript(source, async ({ script, folder }) => {
    await Deno.symlink("/etc/hostname", join(folder, "out"));
    await Deno.symlink("/etc", join(folder, "outer"));
    await Deno.symlink("in", join(folder, "inner"));
    await Deno.writeTextFile(join(folder, "in"), "inside");
    const { renderer } = fieldsOf(script);
    const names = [
      "in",
      "inner",
      "sub/../in",
      "out",
      "outer/hostname",
      "../../etc/hostname",
      "nix",
    ];
    const found = lines(renderer, ...names).map((line) => line.slice(1).split(",")[0]);
    assert.deepEqual(found.map(withoutFolder), [
      "inside",
      "inside",
      "sub/../in: No such file or directory",
      "out: refused by ipft's sandbox",
      "outer/hostname: refused by ipft's sandbox",
      "../../etc/hostname: refused by ipft's sandbox",
      "nix: No such file or directory",
    ]);
  });
  assert.match(
    await evaluate(`pcall(dofile, "/etc/passwd")`),
    /refused by ipft's sandbox, it is not/,
  );
  assert.match(
    await evaluate(`pcall(io.lines, "/dev/zero")`),
    /refused by ipft's sandbox, it is not/,
  );
});

Deno.test("neither native modules nor binary chunks are loaded", async () => {
  const message = await evaluate(`pcall(require, "socket.core")`);
  assert.match(message, /no native code: ipft's sandbox loads Lua files only/);
  assert.match(
    await evaluate(`load(string.dump(function() end))`),
    /attempt to load a binary chunk/,
  );
  assert.match(await evaluate(`load("", "", "b")`), /binary code: refused by ipft's sandbox/);
});

Deno.test("print and io.write go to stdout, io.stderr to stderr", async () => {
  const source = `print("a", 1, nil) io.write("b", 2, "\\n") io.stdout:write("c"):write("d\\0\\n")
    io.stderr:write("e\\n")`;
  await withScript(source, ({ printed }) => {
    assert.deepEqual(printed, { stdout: "a\t1\tnil\nb2\ncd\0\n", stderr: "e\n" });
  });
});

Deno.test("a dump that does not end is stopped, whatever it does against it", async () => {
  const endless = [
    "while true do end",
    "repeat until false",
    "::again:: goto again",
    "local function f() return f() end f()",
    "while true do pcall(function() while true do end end) end",
    "while true do xpcall(function() while true do end end, function() return 'caught' end) end",
    "while true do coroutine.wrap(function() while true do end end)() end",
    "while true do local c = coroutine.create(function() while true do end end) coroutine.resume(c) end",
    "local c <close> = setmetatable({}, { __close = function() while true do end end }) while true do end",
    "return setmetatable({}, { __tostring = function() while true do end end }), tostring(setmetatable({}, " +
    "{ __tostring = function() while true do end end }))",
  ];
  for (const body of endless) {
    const { line, failures } = await threeDumps(body);
    assert.equal(line, " (dump failed: foo.lua:1: stopped after 1,000,000 instructions)", body);
    assert.equal(failures, 3);
  }
});

Deno.test("a dump that takes memory without end fails, and others go on", async () => {
  const endless = [
    `local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end`,
    `local s = "x" while true do s = s .. s end`,
    `return ("x"):rep(1 << 40)`,
    `kept = kept or {} while true do kept[#kept + 1] = ("x"):rep(1000) .. #kept end`,
  ];
  for (const body of endless) {
    const { line, failures } = await threeDumps(body);
    assert.match(line, /dump failed: (not enough memory: a script has 64 MiB|.*too large)/, body);
    assert.equal(failures, 3);
  }
  const source = `function dump(data)
    if data:byte() == 1 then return ("x"):rep(1 << 30) end
    return "fine"
  end`;
  await withScript(source, ({ script }) => {
    const { renderer } = fieldsOf(script);
    const found = lines(renderer, "", Uint8Array.of(1), "").map((line) => line.includes("fine"));
    assert.deepEqual(found, [true, false, true]);
  });
});

Deno.test("after ten calls without end dump is not called again", async () => {
  const source = `calls = 0 function dump(data)
    calls = calls + 1
    if data:byte() == 1 then return tostring(calls) end
    while true do end
  end`;
  await withScript(source, ({ script }) => {
    const { renderer } = fieldsOf(script);
    const found = lines(renderer, Uint8Array.of(1), ...Array(12).fill(""), Uint8Array.of(1));
    const stopped = " (dump failed: foo.lua:4: stopped after 1,000,000 instructions)";
    const given = " (dump failed: not called any more, after 10 calls without end)";
    assert.deepEqual(found, [" 1", ...Array(10).fill(stopped), ...Array(3).fill(given)]);
    assert.equal(renderer.failures, 13);
  });
});

Deno.test("endless recursion is Lua's own error", async () => {
  const { line } = await threeDumps(
    "local function f(s) return (s:gsub('.', f)) end return f('x')",
  );
  assert.match(line, /C stack overflow/);
});

Deno.test("what one script does to the library stays in its sandbox", async () => {
  await withScript("string.format = nil", () => {});
  await withScript(`function dump() return ("%d"):format(7) end`, ({ script }) => {
    assert.deepEqual(lines(fieldsOf(script).renderer, ""), [" 7"]);
  });
});
