/** Scripts for the tests of lib/lua/, run in folders of their own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { IpftError } from "../../lib/base/errors.ts";
import { DATA_BYTES } from "../../lib/event/section.ts";
import { LuaScript } from "../../lib/lua/script.ts";
import { type Format, type Renderer, renderer } from "./renderer.ts";

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

/** A reader of a script's fields, as one output has it, and the errors that were told. */
export interface Fields {
  readonly renderer: Renderer;
  readonly told: IpftError[];
}

export function fieldsOf(script: LuaScript, format: Format = "text"): Fields {
  const told: IpftError[] = [];
  const openFields = script.openFields((error) => told.push(error));
  assert(openFields !== undefined);
  return { renderer: renderer(openFields, format), told };
}

/** The fields of events with these data, padded with zeros. */
export function lines(renderer: Renderer, ...data: (string | Uint8Array)[]): string[] {
  return rawLines(renderer, ...data).map((bytes) => withoutFolder(new TextDecoder().decode(bytes)));
}

export function rawLines(renderer: Renderer, ...data: (string | Uint8Array)[]): Uint8Array[] {
  const batch = new Uint8Array(data.length * DATA_BYTES);
  data.forEach((bytes, i) =>
    batch.set(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes, i * DATA_BYTES)
  );
  return renderer.render(batch);
}
