/** Runs scripts for tests, each in a temporary folder of its own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { IpftError } from "../../lib/base/errors.ts";
import { DATA_BYTES } from "../../lib/event/section.ts";
import { LuaScript } from "../../lib/lua/script.ts";
import { type Format, type Renderer, renderer } from "./renderer.ts";

/** What a script has printed. */
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

/** Loads `source` as `foo.lua` beside `files`, and calls `body` with it. */
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

/** Adds `api_version` to the first line, unless the source mentions it. */
function versioned(source: string): string {
  return source.includes("api_version") ? source : `api_version = 1; ${source}`;
}

/** Returns the message of the error that loading or running a script throws, without the folder. */
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

/** Shortens `/tmp/ipft-lua-x/foo.lua` to `foo.lua`. Lua itself abbreviates long paths. */
export function withoutFolder(message: string): string {
  return message.replaceAll(/[^\s'"(]*ipft-lua-\w+\//g, "");
}

/** The rendered fields of a script, and the errors that were reported. */
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

/** Renders the fields of events with these data, which are padded with zeros. */
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
