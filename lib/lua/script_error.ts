import { IpftError } from "../base/errors.ts";
import type { LuaError } from "./lua_value.ts";

/**
 * An error in a script, for people: with the calls that led there.
 * @param name of the function that ipft called, e.g. `dump`
 */
export function scriptError(name: string, error: LuaError, remedy?: string): IpftError {
  const calls = error.traceback.map((call) => `  ${call}`);
  return new IpftError(`${name} failed: ${error.message}`, remedy, 1, calls);
}
