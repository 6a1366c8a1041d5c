import { IpftError } from "../base/errors.ts";
import { joinedLines } from "../base/printable.ts";
import type { LuaError } from "./lua_value.ts";

/**
 * Makes the message about an error in a script, with the calls that led to it.
 * @param name of the function that ipft called: `dump`
 */
export function scriptError(name: string, error: LuaError, remedy?: string): IpftError {
  const calls = error.traceback.map((call) => `  ${call}`);
  return new IpftError(`${name} failed: ${joinedLines(error.message)}`, remedy, 1, calls);
}
