import type { IpftError } from "../base/errors.ts";
import type { ExtensionObject } from "../bpf/extension_object.ts";
import type { OpenFields } from "../event/fields.ts";
import type { ScriptOutput } from "../lua/sandbox.ts";

/** What a user adds to a trace: C, a script in Lua, or a script with C. */
export interface Extension extends Disposable {
  /** What collects data from each skb; undefined when the extension has none. */
  object(): ExtensionObject | undefined;
  /**
   * Makes readers of the data, one for each output; undefined when the extension shows none.
   * @param onFirstError called with the first error of an event, whichever reader it comes from
   * @throws IpftError when data cannot be shown as the extension wants it
   */
  openFields(
    onFirstError: (error: IpftError) => void,
  ): OpenFields | undefined | Promise<OpenFields>;
  /**
   * Runs a trace, with what the extension does before and after it.
   * @param onError called with what fails after `body` has failed
   */
  run(body: () => Promise<void>, onError: (error: IpftError) => void): Promise<void>;
}

/** The file that an extension is loaded from. */
export interface ExtensionFile {
  /** `object`: what a C compiler has made. */
  readonly language: "lua" | "c" | "object";
  readonly path: string;
}

/**
 * Loads an extension. The code for its language is imported only now: most traces have no extension, and
 * must not wait for it.
 * @param output where a script prints
 * @param tell called with warnings
 * @param signal ends the wait for a pipe that the extension comes from, and the compiler
 * @throws IpftError when it cannot be read, compiled or used
 */
export async function loadExtension(
  { language, path }: ExtensionFile,
  output: ScriptOutput,
  tell: (message: string) => void,
  signal: AbortSignal,
): Promise<Extension> {
  if (language === "lua") {
    const { LuaScript } = await import("../lua/script.ts");
    return await LuaScript.load(path, output, signal);
  }
  const { BpfExtension } = await import("./bpf_extension.ts");
  return language === "c"
    ? await BpfExtension.compile(path, tell, signal)
    : await BpfExtension.read(path, signal);
}
