/** Converts between JavaScript and C memory: pointers and C strings. */

const encoder = new TextEncoder();
const EMPTY = new Uint8Array(1);

/** Returns a NUL-terminated copy of `text`, for a `const char *` parameter. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text + "\0");
}

/**
 * Returns the address of `bytes`, for a struct member that is a pointer. The caller keeps `bytes` reachable
 * for as long as C uses the address: the garbage collector does not know about it.
 */
export function addressOf(bytes: ArrayBufferView<ArrayBuffer>): bigint {
  // An empty buffer has no address of its own.
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes.byteLength ? bytes : EMPTY));
}

/** Returns `sizeBytes` of memory at `pointer` without copying it; valid for as long as C keeps it. */
export function memoryAt(pointer: Deno.PointerObject, sizeBytes: number): ArrayBuffer {
  return Deno.UnsafePointerView.getArrayBuffer(pointer, sizeBytes);
}
