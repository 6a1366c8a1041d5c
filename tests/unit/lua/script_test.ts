import assert from "node:assert/strict";
import { IpftError } from "../../../lib/base/errors.ts";
import { LuaScript } from "../../../lib/lua/script.ts";
import { failure, fieldsOf, lines, withScript } from "../../support/lua_fixture.ts";

const fail = () => assert.fail("must not be called");

Deno.test("a script's functions are called in their order: init, the trace, fini", async () => {
  const source = `
    print("main")
    function init() print("init") end
    function emit() print("emit") return "ELF" end
    function dump() print("dump") return "" end
    function fini() print("fini") end`;
  await withScript(source, async ({ script, printed }) => {
    await script.run(() => {
      script.object();
      lines(fieldsOf(script).renderer, "", "");
      return Promise.resolve();
    }, fail);
    assert.equal(printed.stdout, "main\ninit\nemit\ndump\ndump\nfini\n");
  });
});

Deno.test("init, emit, dump and fini may be left out", async () => {
  await withScript("", async ({ script }) => {
    let ran = false;
    await script.run(() => Promise.resolve(void (ran = true)), fail);
    assert(ran);
    assert.equal(script.object(), undefined);
    assert.equal(script.openFields(fail), undefined);
  });
});

Deno.test("fini is called when the trace fails, and its own error does not hide the trace's", async () => {
  const trace = () => Promise.reject(new Error("no ring"));
  await withScript(`function fini() print("fini") end`, async ({ script, printed }) => {
    await assert.rejects(script.run(trace, fail), { message: "no ring" });
    assert.equal(printed.stdout, "fini\n");
  });
  await withScript(`function fini() error("late") end`, async ({ script }) => {
    const told: IpftError[] = [];
    await assert.rejects(script.run(trace, (error) => told.push(error)), { message: "no ring" });
    assert.match(told[0].message, /^fini failed: .*late$/);
  });
});

Deno.test("fini is not called when init failed", async () => {
  const source = `function init() error("no") end function fini() print("fini") end`;
  await withScript(source, async ({ script, printed }) => {
    await assert.rejects(script.run(() => Promise.resolve(), fail), /init failed: .*no$/);
    assert.equal(printed.stdout, "");
  });
});

Deno.test("emit and program give any bytes", async () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const bytes = `local t = {} for i = 0, 255 do t[#t + 1] = string.char(i) end `;
  const emit = bytes + "function emit() return table.concat(t) end";
  await withScript(emit, ({ script, folder }) => {
    assert.deepEqual(script.object(), {
      elf: all,
      source: `the extension from emit of ${folder}/foo.lua`,
    });
  });
  await withScript(bytes + "program = table.concat(t)", ({ script, folder }) => {
    assert.deepEqual(script.object(), {
      elf: all,
      source: `the extension from program of ${folder}/foo.lua`,
    });
  });
});

Deno.test("every wrong api_version has its own message", async () => {
  const rest = "write: api_version = 1";
  assert.equal(await failure("-- no api_version"), `foo.lua sets no api_version; ${rest}`);
  assert.equal(
    await failure(`api_version = "1"`),
    `api_version of foo.lua is a string, not an integer; ${rest}`,
  );
  assert.equal(
    await failure("api_version = 1.0"),
    `api_version of foo.lua is a float, not an integer; ${rest}`,
  );
  assert.equal(
    await failure("api_version = 2"),
    "api_version 2 of foo.lua is not supported; ipft knows version 1 only",
  );
});

Deno.test("what a script defines must be of its type, and of each pair only one", async () => {
  assert.equal(await failure("dump = 5"), "dump of foo.lua is an integer; it must be a function");
  assert.equal(await failure("fini = {}"), "fini of foo.lua is a table; it must be a function");
  assert.match(await failure("program = 5"), /^program of foo.lua is an integer; it must be a BPF/);
  assert.equal(
    await failure("function dump() end function decode() end"),
    "foo.lua has both dump and decode; keep one of them",
  );
  assert.equal(
    await failure(`program = "" function emit() end`),
    "foo.lua has both emit and program; keep one of them",
  );
  const module = ({ script }: { script: LuaScript }) => script.object();
  assert.match(await failure("function emit() end", module), /^emit of foo.lua returned nothing; /);
  assert.match(await failure("function emit() return {} end", module), /returned a table; /);
});

Deno.test("an error in a script names the function, the file and the line", async () => {
  assert.match(
    await failure("x = = 1"),
    /^the script failed: foo.lua:1: unexpected symbol near '='$/,
  );
  assert.match(await failure("\n\nundefined()"), /^the script failed: foo.lua:3: attempt to call/);
  assert.equal(
    await failure("function init() error({}) end", ({ script }) => script.run(fail, fail))
      .then((message) => message.replace(/0x[0-9a-f]+/, "0x")),
    "init failed: table: 0x",
  );
});

Deno.test("an error's traceback shows the script's calls and none of ipft's", async () => {
  const source = "\nlocal function f() error('no') end\nfunction init() f() end";
  await withScript(source, async ({ script }) => {
    const error = await script.run(fail, fail).then(fail, (error) => error);
    assert(error instanceof IpftError);
    const calls = error.log.map((line) => line.replace(/\/.*\//, ""));
    assert.deepEqual(calls, [
      "  [C]: in function 'error'",
      "  foo.lua:2: in upvalue 'f'",
      "  foo.lua:3: in function 'init'",
    ]);
  });
});

Deno.test("a file that emit could not open is named, as scripts don't look at what io.open returns", async () => {
  const source = `function emit() return io.open("nix.bpf.o", "rb"):read("*all") end`;
  assert.equal(
    await failure(source, ({ script }) => script.object()),
    "emit failed: foo.lua:1: attempt to index a nil value " +
      "(it could not open nix.bpf.o: No such file or directory)",
  );
});

Deno.test("a script that cannot be read", async () => {
  const output = { write: fail, writeError: fail };
  await assert.rejects(LuaScript.load("/nonexistent/foo.lua", output), {
    message: "cannot read the script /nonexistent/foo.lua: there is no such file",
  });
});
