/** Runs generated programs: whatever they do, each is over within its budget and its memory. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { LuaError } from "../../../lib/lua/lua_value.ts";
import { Sandbox } from "../../../lib/lua/sandbox.ts";

/** Small, so that many programs use it up. */
const BUDGET = { instructions: 200_000, rounds: 5_000_000, isEvent: true };

/** Far more than the budget takes, because other work may share the machine. */
const LONGEST_MS = 2000;

const EVENTS = [
  ...[
    "__index",
    "__newindex",
    "__call",
    "__add",
    "__sub",
    "__mul",
    "__div",
    "__mod",
    "__pow",
    "__unm",
  ],
  ...[
    "__idiv",
    "__band",
    "__bor",
    "__bxor",
    "__shl",
    "__shr",
    "__bnot",
    "__concat",
    "__len",
    "__eq",
  ],
  ...[
    "__lt",
    "__le",
    "__close",
    "__gc",
    "__mode",
    "__name",
    "__tostring",
    "__metatable",
    "__pairs",
  ],
];

const name = fc.constantFrom("a", "b", "c", "d");

const { statements, expression } = fc.letrec<
  Record<"expression" | "statement" | "statements", string>
>(
  (tie) => {
    const e = tie("expression"), block = tie("statements");
    const made = (strings: TemplateStringsArray, ...parts: fc.Arbitrary<string>[]) =>
      fc.tuple(...parts).map((values) => String.raw({ raw: strings }, ...values));
    const f = made`function(...) ${block} return ${e} end`;
    const size = fc.constantFrom(
      "0",
      "1",
      "7",
      "1000",
      "1 << 20",
      "1 << 26",
      "1 << 40",
      "-1",
      "0.5",
    );
    const metamethods = fc.array(fc.tuple(fc.constantFrom(...EVENTS), fc.oneof(f, name)), {
      maxLength: 4,
    })
      .map((fields) => `{ ${fields.map(([key, value]) => `${key} = ${value}`).join(", ")} }`);
    return {
      expression: fc.oneof(
        { maxDepth: 4, depthIdentifier: "lua" },
        name,
        size,
        fc.constantFrom(
          "nil",
          "true",
          '"text"',
          "{}",
          "...",
          '("x"):rep(1 << 16)',
          "math.huge",
          "_G",
        ),
        f,
        made`setmetatable({ ${e} }, ${metamethods})`,
        made`(${e})[${e}]`,
        made`(${e})(${e})`,
        fc.tuple(
          e,
          fc.constantFrom("+", "-", "//", "..", "==", "<", "<=", "&", "^", "and", "or"),
          e,
        )
          .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
        made`#(${e})`,
        made`tostring(${e})`,
        made`string.rep(tostring(${e}), ${size}, ${e})`,
        made`string.find(("x"):rep(${size}), ${
          fc.constantFrom('".-.-.-y"', '("x?"):rep(30) .. "y"', '"(.*)%1"')
        })`,
        made`string.gsub(tostring(${e}), ".", ${e})`,
        made`string.format("%99.9f %s %q", 1, ${e}, ${e})`,
        made`table.concat({ ${e}, ${e} }, ${e}, 1, ${size})`,
        made`table.move(${e}, 1, ${size}, 2)`,
        made`table.pack(table.unpack(${e}, 1, ${size}))`,
        made`select(${size}, ${e}, ${e})`,
        made`pcall(${e}, ${e})`,
        made`xpcall(${e}, ${e})`,
        made`error(${e}, ${size})`,
        made`coroutine.wrap(${e})(${e})`,
        made`coroutine.resume(coroutine.create(${e}), ${e})`,
        made`coroutine.yield(${e})`,
        made`coroutine.close(coroutine.create(${e}))`,
        made`load(${e})`,
        made`load("return " .. tostring(${e}))`,
        made`debug.getinfo(${size}, "nSltfuL")`,
        made`debug.traceback(${e})`,
        made`getmetatable(${e})`,
        made`next(${e}, ${e})`,
        made`collectgarbage(${fc.constantFrom('"collect"', '"step"', '"stop"', '"generational"')})`,
        made`string.pack("s8z", ${e}, ${e})`,
        made`utf8.char(${size}, ${e})`,
        made`io.open(tostring(${e}))`,
      ),
      statement: fc.oneof(
        { maxDepth: 4, depthIdentifier: "lua" },
        made`${name} = ${e}`,
        made`local ${name} = ${e}`,
        made`local ${name} <close> = ${e}`,
        made`local _ = ${e}`,
        made`(${e})(${e})`,
        made`(${e})[${e}] = ${e}`,
        made`while ${e} do ${block} end`,
        made`while true do ${block} end`,
        made`repeat ${block} until ${e}`,
        made`for i = 1, ${size} do ${block} end`,
        made`for k, v in pairs(${e}) do ${block} end`,
        made`if ${e} then ${block} else ${block} end`,
        made`local function ${name}(...) ${block} return ${e} end`,
        made`while true do pcall(${f}) end`,
        made`while true do coroutine.wrap(${f})() end`,
        made`table.sort({ ${e}, ${e}, ${e} }, ${e})`,
        made`do error(${e}) end`,
      ),
      statements: fc.array(tie("statement"), { maxLength: 4, depthIdentifier: "lua" })
        .map((all) => all.join("; ")),
    };
  },
);

Deno.test("generated programs end within their budget and memory, and the next one runs", async () => {
  const silent = { write: () => {}, writeError: () => {} };
  let sandbox: Sandbox | undefined;
  const ends = { returned: 0, error: 0, budget: 0, memory: 0, crash: 0 };
  const program = fc.tuple(statements, expression).map(([body, result]) =>
    `local a, b, c, d = ...; ${body}; do return ${result} end`
  );
  await fc.assert(
    fc.asyncProperty(program, async (source) => {
      sandbox ??= await Sandbox.create("/nonexistent/foo.lua", silent);
      const { vm } = sandbox;
      const start = performance.now();
      try {
        const main = vm.compile(`return function(...) ${source} end`, "=generated", BUDGET);
        const [body] = vm.call(main, [], BUDGET);
        assert(body.type === "function");
        sandbox.call(body.reference, [], BUDGET);
        ends.returned++;
      } catch (error) {
        assert(error instanceof LuaError, String(error));
        ends[error.failure]++;
        if (error.failure === "crash") {
          assert.match(error.message, /^stopped after [\d,]+ rounds .* not called any more$/);
          sandbox = undefined;
        }
      }
      assert(performance.now() - start < LONGEST_MS, `${performance.now() - start} ms`);
      if (sandbox === undefined) return;
      const used = vm.compile("collectgarbage('restart') return collectgarbage('count')", "=check");
      const [kilobytes] = vm.call(used, [], BUDGET);
      assert(kilobytes.type === "float" && kilobytes.value < 65 * 1024, JSON.stringify(kilobytes));
    }),
    { numRuns: Number(Deno.env.get("IPFT_LUA_PROGRAMS") ?? 3000) },
  );
  sandbox?.[Symbol.dispose]();
  for (const [end, count] of Object.entries(ends)) {
    if (end !== "memory") assert(count > 0, JSON.stringify(ends));
  }
});
