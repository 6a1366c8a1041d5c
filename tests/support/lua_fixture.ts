/** Scripts for the tests of lib/lua/, run in folders of their own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { DATA_BYTES } from "../../lib/event/event.ts";
import { IpftError } from "../../lib/base/errors.ts";
import { LuaScript } from "../../lib/lua/script.ts";
import type { LuaFormatter } from "../../lib/lua/lua_formatter.ts";

/** What a script printed: `print` and `io.write`, then `io.stderr`. */
export interface Printed {
  stdout: string;
  stderr: string;
}

/** A loaded script in a temporary folder. */
export interface Loaded {
  readonly script: LuaScript;
  readonly folder: string;
  readonly printed: Printed;
}

/** Loads `source` as `foo.lua` beside `files`, and passes it on. `api_version` is set already. */
export async function withScript<T>(
  source: string,
  body: (loaded: Loaded) => T | Promise<T>,
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "ipft-lua-" });
  const printed: Printed = { stdout: "", stderr: "" };
  const decoder = new TextDecoder();
  try {
    const path = join(folder, "foo.lua");
    for (const [name, content] of Object.entries({ ...files, "foo.lua": versioned(source) })) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.mkdir(join(folder, name, ".."), { recursive: true });
      await Deno.writeFile(join(folder, name), bytes);
    }
    using script = await LuaScript.load(path, {
      write: (bytes) => printed.stdout += decoder.decode(bytes),
      writeError: (bytes) => printed.stderr += decoder.decode(bytes),
    });
    return await body({ script, folder, printed });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The source with `api_version` on its first line, unless it says something about it itself. */
function versioned(source: string): string {
  return source.includes("api_version") ? source : `api_version = 1; ${source}`;
}

/** The message of the error with which loading or running a script ends, without its folder. */
export async function failure(
  source: string,
  body: (loaded: Loaded) => unknown = () => {},
): Promise<string> {
  try {
    await withScript(source, body);
  } catch (error) {
    assert(error instanceof IpftError, String(error));
    assert.equal(error.exitCode, 1);
    return withoutFolder(error.message);
  }
  assert.fail("nothing failed");
}

/** `/tmp/ipft-lua-x/foo.lua` as `foo.lua`; Lua itself shortens what is long. */
export function withoutFolder(message: string): string {
  return message.replaceAll(/[^\s'"(]*ipft-lua-\w+\//g, "");
}

/** A formatter, and the first error that it told of. */
export interface Formatting {
  readonly formatter: LuaFormatter;
  readonly told: IpftError[];
}

export function formatterOf(script: LuaScript, format: "text" | "json" = "text"): Formatting {
  const told: IpftError[] = [];
  const formatter = script.formatter(format, (error) => told.push(error));
  assert(formatter !== undefined);
  return { formatter, told };
}

/** What a formatter makes of events with these data, padded with zeros. */
export function lines(formatter: LuaFormatter, ...data: (string | Uint8Array)[]): string[] {
  return rawLines(formatter, ...data).map((bytes) =>
    withoutFolder(new TextDecoder().decode(bytes))
  );
}

export function rawLines(formatter: LuaFormatter, ...data: (string | Uint8Array)[]): Uint8Array[] {
  const batch = new Uint8Array(data.length * DATA_BYTES);
  data.forEach((bytes, i) =>
    batch.set(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes, i * DATA_BYTES)
  );
  const { bytes, ends } = formatter.format(batch);
  assert.equal(ends.length, data.length);
  return Array.from(ends, (end, i) => bytes.slice(i === 0 ? 0 : ends[i - 1], end));
}
