/** A value in the virtual machine, kept there for the host: a function or a table. */
export class LuaReference {
  constructor(readonly key: bigint) {}
}

/** What comes out of the virtual machine. Strings are bytes: any 256 of them, NUL included. */
export type LuaValue =
  | { readonly type: "string"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "integer" | "float"; readonly value: number }
  | { readonly type: "function" | "table"; readonly reference: LuaReference }
  | { readonly type: "nil" | "boolean" | "userdata" | "thread" };

/** What goes into it. A number becomes an integer where it is one. */
export type HostValue = undefined | number | string | Uint8Array | LuaReference;

/** A function of the host that Lua code calls. It must not call back into the virtual machine. */
export type HostFunction = (...args: LuaValue[]) => HostValue[];

/** Why a call into the virtual machine did not return. */
export type LuaFailure = "error" | "budget" | "memory" | "crash";

/** A call into the virtual machine failed. */
export class LuaError extends Error {
  override readonly name = "LuaError";

  /**
   * @param message with its place in the source, e.g. `foo.lua:3: no such device`
   * @param traceback the calls that led there, innermost first, e.g. `foo.lua:3: in function 'dump'`
   */
  constructor(
    readonly failure: LuaFailure,
    message: string,
    readonly traceback: readonly string[] = [],
  ) {
    super(message);
  }
}
