/** What a user adds to a trace: a Lua script, or a module in C. */
import type { ExtensionFile } from "../cli/options.ts";
import type { IpftError } from "../base/errors.ts";
import type { ExtensionObject } from "../bpf/extension_object.ts";
import type { DataFormatter } from "../event/data_formatter.ts";
import { scriptOutput } from "../commands/script_output.ts";

export interface Extension extends Disposable {
  /** What collects data from each skb; undefined when the extension has none. */
  module(): ExtensionObject | undefined;
  /**
   * What makes text of the data; undefined when the extension does not want that.
   * @param onFirstError told of the first event that has failed
   */
  formatter(
    format: "text" | "json",
    onFirstError: (error: IpftError) => void,
  ): DataFormatter | undefined | Promise<DataFormatter>;
  /**
   * Runs a trace, with what the extension does before and after it.
   * @param onError told of what fails after `body` has failed
   */
  run(body: () => Promise<void>, onError: (error: IpftError) => void): Promise<void>;
}

/**
 * Loads an extension. What it takes is imported only now: most traces have none, and are to begin at once.
 * @param isJson whether JSON is on stdout, which is then none of a script's
 * @param tell told of warnings
 * @throws IpftError when it cannot be read, compiled or used
 */
export async function loadExtension(
  { language, path }: ExtensionFile,
  isJson: boolean,
  tell: (message: string) => void,
): Promise<Extension> {
  if (language === "lua") {
    const { LuaScript } = await import("../lua/script.ts");
    return await LuaScript.load(path, scriptOutput(isJson));
  }
  const { BpfExtension } = await import("./bpf_extension.ts");
  return language === "c" ? await BpfExtension.compile(path, tell) : BpfExtension.read(path);
}
