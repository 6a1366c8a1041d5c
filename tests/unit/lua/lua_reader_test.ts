import assert from "node:assert/strict";
import fc from "fast-check";
import type { IpftError } from "../../../lib/base/errors.ts";
import { DATA_BYTES } from "../../../lib/event/section.ts";
import { fieldsOf, lines, rawLines, withoutFolder, withScript } from "../../support/lua_fixture.ts";
import { renderer } from "../../support/renderer.ts";

/** The data of one event. */
const dataArbitrary = fc.uint8Array({ minLength: DATA_BYTES, maxLength: DATA_BYTES });

Deno.test("dump gets an event's 64 bytes and its text ends the line", async () => {
  const source = `function dump(data)
    mark = string.unpack("=I4", data)
    return string.format("(mark: 0x%x)", mark)
  end`;
  await withScript(source, ({ script }) => {
    const marks = [Uint8Array.of(0xef, 0xbe, 0xad, 0xde), Uint8Array.of(1)];
    const text = lines(fieldsOf(script).renderer, ...marks);
    assert.deepEqual(text, [" (mark: 0xdeadbeef)", " (mark: 0x1)"]);
    const json = lines(fieldsOf(script, "json").renderer, ...marks);
    assert.deepEqual(json, [`,"dump":"(mark: 0xdeadbeef)"`, `,"dump":"(mark: 0x1)"`]);
  });
});

Deno.test("any bytes survive, into dump and out of it", async () => {
  await withScript("function dump(data) return data:reverse() end", async ({ script }) => {
    const { renderer } = fieldsOf(script);
    await fc.assert(fc.asyncProperty(fc.array(dataArbitrary, { minLength: 1 }), (data) => {
      const expected = data.map((bytes) => Uint8Array.of(0x20, ...bytes.toReversed()));
      assert.deepEqual(rawLines(renderer, ...data), expected);
      return Promise.resolve();
    }));
  });
});

Deno.test("in JSON any dump is a string, with U+FFFD for what is not UTF-8", async () => {
  await withScript("function dump(data) return data end", async ({ script }) => {
    const { renderer } = fieldsOf(script, "json");
    await fc.assert(fc.asyncProperty(dataArbitrary, (data) => {
      const [line] = lines(renderer, data);
      assert.deepEqual(JSON.parse(`{${line.slice(1)}}`), { dump: new TextDecoder().decode(data) });
      return Promise.resolve();
    }));
  });
});

Deno.test("texts of any length, and of many batches", async () => {
  const source = `function dump(data) return ("x"):rep((string.unpack("<I4", data))) end`;
  await withScript(source, ({ script }) => {
    const { renderer } = fieldsOf(script);
    const sizes = [0, 1, 70_000, 0, 300_000, 5];
    const data = sizes.map((size) => new Uint8Array(Uint32Array.of(size).buffer));
    for (let turn = 0; turn < 3; turn++) {
      const found = rawLines(renderer, ...data).map(({ length }) => length);
      // A space before the text, and no space where there is none.
      assert.deepEqual(found, sizes.map((size) => size === 0 ? 0 : size + 1));
    }
  });
});

Deno.test("decode's table becomes fields, sorted by their keys", async () => {
  const source = `function decode(data)
    local b = data:byte()
    if b == 2 then return {} end
    if b == 3 then return { only = "this" } end
    return { zeta = "z", alpha = 1, ["a b"] = -2, float = 0.1, whole = 1.0, big = 1 << 60,
      exact = 1 << 53, inf = 1 / 0, text = "a\\0\\"\\xff" }
  end`;
  await withScript(source, ({ script }) => {
    const data = [1, 2, 3, 1].map((byte) => Uint8Array.of(byte));
    const fields = ` ( a b: -2 alpha: 1 big: 1152921504606846976 exact: 9007199254740992 ` +
      `float: 0.1 inf: inf text: a\0"\ufffd whole: 1 zeta: z )`;
    const text = lines(fieldsOf(script).renderer, ...data);
    assert.deepEqual(text, [fields, "", " ( only: this )", fields]);
    const json = lines(fieldsOf(script, "json").renderer, ...data);
    const object = {
      "a b": -2,
      alpha: 1,
      big: "1152921504606846976",
      exact: 9007199254740992,
      float: 0.1,
      inf: "inf",
      text: 'a\0"\ufffd',
      whole: 1,
      zeta: "z",
    };
    assert.deepEqual(json.map((line) => JSON.parse(`{${line.slice(1)}}`)), [
      object,
      {},
      { only: "this" },
      object,
    ]);
    assert.deepEqual(Object.keys(JSON.parse(`{${json[0].slice(1)}}`)), Object.keys(object));
  });
});

Deno.test("decode's numbers are what JavaScript reads in JSON", async () => {
  const source = `function decode(data) return { n = (string.unpack("<d", data)) } end`;
  await withScript(source, async ({ script }) => {
    const { renderer } = fieldsOf(script, "json");
    await fc.assert(
      fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        const [line] = lines(renderer, new Uint8Array(Float64Array.of(number).buffer));
        assert(JSON.parse(`{${line.slice(1)}}`).n === number, line); // 0 for -0 is fine
        return Promise.resolve();
      }),
    );
  });
});

Deno.test("an error in dump is on its event's line and told once, and other events go on", async () => {
  const source = `function dump(data)
    if data:byte() == 1 then error("bad\\nevent") end
    return "fine"
  end`;
  await withScript(source, ({ script }) => {
    const bad = Uint8Array.of(1);
    const { renderer, told } = fieldsOf(script);
    const failed = " (dump failed: foo.lua:2: bad event)";
    assert.deepEqual(lines(renderer, bad, "", bad, bad), [failed, " fine", failed, failed]);
    assert.deepEqual(lines(renderer, "", bad), [" fine", failed]);
    assert.equal(renderer.failures, 4);
    assert.equal(told.length, 1);
    assert.match(
      withoutFolder(told[0].message),
      /^dump failed: foo.lua:2: bad event; the lines of/,
    );
    assert.match(told[0].log.at(-1) ?? "", /foo.lua:2: in function 'dump'$/);
    const json = lines(fieldsOf(script, "json").renderer, bad);
    assert.deepEqual(json, [`,"dump_error":"foo.lua:2: bad event"`]);
  });
});

Deno.test("the first error is told once, however many outputs there are", async () => {
  await withScript(`function dump(data) error("bad event") end`, ({ script }) => {
    const told: IpftError[] = [];
    const openFields = script.openFields((error) => told.push(error))!;
    const [text, json] = [renderer(openFields, "text"), renderer(openFields, "json")];
    assert.deepEqual(lines(text, ""), [" (dump failed: foo.lua:1: bad event)"]);
    assert.deepEqual(lines(json, "", ""), Array(2).fill(`,"dump_error":"foo.lua:1: bad event"`));
    assert.equal(told.length, 1);
    assert.deepEqual([text.failures, json.failures], [1, 2]);
  });
});

Deno.test("keys that are reserved in JSON are refused, in text too", async () => {
  const source = `function decode(data) return { len = 1, [data:match("^%l+")] = 2 } end`;
  await withScript(source, ({ script }) => {
    for (const format of ["text", "json"] as const) {
      const { renderer } = fieldsOf(script, format);
      for (const key of ["function", "packet", "parent", "dev", "verdict"]) {
        const [line] = lines(renderer, key);
        const refused =
          `foo.lua:1: decode returned a table with the key '${key}', which is reserved`;
        assert(line.includes(`${refused}; choose another`), line);
      }
      const shown = format === "text" ? " ( device: 2 len: 1 )" : ',"device":2,"len":1';
      assert.deepEqual(lines(renderer, "device"), [shown]);
    }
  });
});

Deno.test("a wrong result of dump is named, with the line where dump is defined", async () => {
  const source = `
    local results = { nil, {}, 5, true, print, setmetatable({}, { __concat = function(a) return a end }) }
    function dump(data) return results[data:byte()] end`;
  await withScript(source, ({ script }) => {
    const { renderer } = fieldsOf(script);
    const must = "; it must return a string)";
    const data = [1, 2, 3, 4, 5, 6, 7].map((byte) => Uint8Array.of(byte));
    assert.deepEqual(
      lines(renderer, ...data),
      ["nil", "a table", "a number", "a boolean", "a function", "a table", "nil"]
        .map((what) => ` (dump failed: foo.lua:3: dump returned ${what}${must}`),
    );
    assert.equal(renderer.failures, 7);
  });
});

Deno.test("a wrong result of decode is named", async () => {
  const source = `
    local results = { "text", { 1 }, { a = {} }, { ["function"] = 1 }, { ok = 1 } }
    function decode(data) return results[data:byte()] end`;
  await withScript(source, ({ script }) => {
    const { renderer } = fieldsOf(script);
    const data = [1, 2, 3, 4, 5, 6].map((byte) => Uint8Array.of(byte));
    const failed = (what: string) => ` (decode failed: foo.lua:3: decode returned ${what})`;
    assert.deepEqual(lines(renderer, ...data), [
      failed("a string; it must return a table"),
      failed("a table with a number as a key; keys must be strings"),
      failed("a table with a table as 'a'; values must be strings or numbers"),
      failed("a table with the key 'function', which is reserved; choose another"),
      " ( ok: 1 )",
      failed("nil; it must return a table"),
    ]);
  });
});

Deno.test("a script may replace its function while the trace runs", async () => {
  const source = `function dump(data) function dump() return "second" end return "first" end`;
  await withScript(source, ({ script }) => {
    const { renderer } = fieldsOf(script);
    assert.deepEqual(lines(renderer, ""), [" first"]);
    assert.deepEqual(lines(renderer, ""), [" second"]);
  });
  await withScript("function dump(data) dump = nil return '' end", ({ script }) => {
    const { renderer } = fieldsOf(script);
    lines(renderer, "");
    assert.deepEqual(lines(renderer, ""), [
      " (dump failed: dump is no longer a function but nil)",
    ]);
  });
});
