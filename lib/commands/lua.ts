/** `ipft lua`: runs the functions of a script on given bytes. */
import { errorText, IpftError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";
import { LuaScript } from "../lua/script.ts";
import { linkExtension } from "../extension/link.ts";
import { printText } from "../output/stdout.ts";
import { JsonFields } from "../output/fields/json_fields.ts";
import { TextFields } from "../output/fields/text_fields.ts";
import type { ScriptTrial } from "../cli/request.ts";
import { scriptOutput } from "../lua/script_output.ts";

/**
 * Calls each function of a script once, as a trace would, and prints what the script would add to the
 * line of an event. Needs neither root nor a kernel that can be traced.
 *
 * @returns whether all of them succeeded
 * @throws IpftError if the script cannot be loaded, or `init` or `fini` fails
 */
export async function tryScript(
  { script: path, data, isJson }: ScriptTrial,
  tell: (message: string) => void,
): Promise<boolean> {
  const output = scriptOutput(isJson);
  const tellError = (error: IpftError) => tell(errorText(error));
  using script = await LuaScript.load(path, output);
  let isFine = true;
  const body = async () => {
    try {
      const object = script.object();
      if (object === undefined) {
        tell("no extension object: the script has neither emit nor program");
      } else {
        linkExtension(object);
        tell(`${printable(object.source)} has ${object.elf.length} bytes and links`);
      }
    } catch (error) {
      // The object may not be built yet. The functions that format its data can still be tried.
      if (!(error instanceof IpftError)) throw error;
      isFine = false;
      tellError(error);
    }
    const openFields = script.openFields(tellError);
    if (openFields === undefined) {
      tell("no data: the script has neither dump nor decode");
      return;
    }
    const writer = isJson ? new JsonFields() : new TextFields(Deno.stdout.isTerminal());
    const reader = openFields(writer);
    reader.read(data);
    // It begins with what separates it from the columns before it: a space, or in JSON a comma.
    const text = new TextDecoder().decode(writer.bytes).slice(1);
    await printText(isJson ? `{${text}}\n` : `${text}\n`);
    isFine &&= reader.failures === 0;
  };
  await script.run(body, tellError);
  return isFine;
}
