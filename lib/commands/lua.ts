/** `ipft lua`: a script's functions on given bytes, for those who write one. */
import { errorText, IpftError } from "../base/errors.ts";
import { LuaScript } from "../lua/script.ts";
import { readBpfObject } from "../bpf/object_file.ts";
import { linkExtension } from "../extension/link.ts";
import type { ScriptTrial } from "../cli/options.ts";
import { scriptOutput } from "./script_output.ts";

/**
 * Calls everything that a trace would call of a script, once, and prints what it would add to the line
 * of an event. Needs neither root nor a kernel that can be traced.
 *
 * @returns whether everything went well
 * @throws IpftError when the script cannot be loaded, or `init` or `fini` fails
 */
export async function tryScript(
  { script: path, data, isJson }: ScriptTrial,
  tell: (message: string) => void,
): Promise<boolean> {
  const output = scriptOutput(isJson);
  const tellError = (error: IpftError) => tell(errorText(error));
  using script = await LuaScript.load(path, output);
  let isFine = true;
  const body = () => {
    try {
      const module = script.module();
      if (module === undefined) tell("no module: the script has neither emit nor program");
      else {
        linkExtension(module)(readBpfObject("tracer_extension"));
        tell(`${module.source}: a module of ${module.elf.length} bytes, which links`);
      }
    } catch (error) {
      // The object may not be built yet; what formats its data can be tried all the same.
      if (!(error instanceof IpftError)) throw error;
      isFine = false;
      tellError(error);
    }
    const formatter = script.formatter(isJson ? "json" : "text", tellError);
    if (formatter === undefined) {
      tell("no data: the script has neither dump nor decode");
      return Promise.resolve();
    }
    const { bytes } = formatter.format(data);
    // Without what sets it off from the columns before it: a space, or in JSON a comma.
    const text = new TextDecoder().decode(bytes).slice(1);
    console.log(isJson ? `{${text}}` : text);
    isFine &&= formatter.failures === 0;
    return Promise.resolve();
  };
  await script.run(body, tellError);
  return isFine;
}
