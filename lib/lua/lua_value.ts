/** Refers to a function or table in the virtual machine, which is kept there for the host. */
export class LuaReference {
  constructor(readonly key: bigint) {}
}

/** A value from the virtual machine. A string may hold any bytes, NUL included. */
export type LuaValue =
  | { readonly type: "string"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "integer" | "float"; readonly value: number }
  | { readonly type: "function" | "table"; readonly reference: LuaReference }
  | { readonly type: "nil" | "boolean" | "userdata" | "thread" };

/** A value for the virtual machine. A whole number becomes an integer. */
export type HostValue = undefined | number | string | Uint8Array | LuaReference;

/** A function of the host that Lua code can call. It must not call into the virtual machine. */
export type HostFunction = (...args: LuaValue[]) => HostValue[];

/** Why a call into the virtual machine failed. `budget`: it ran too long. */
export type LuaFailure = "error" | "budget" | "memory" | "crash";

/** The error of a failed call into the virtual machine. */
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

/** Carries an exception of a host function out of the virtual machine. */
export class HostFailure extends Error {
  constructor(readonly error: unknown) {
    super();
  }
}
