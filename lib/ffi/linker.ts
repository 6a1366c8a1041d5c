import { cString } from "./memory.ts";
import { lastErrno } from "./libc.ts";
import { libbpf } from "./libbpf.ts";
import { MemoryFile } from "./memory_file.ts";

/**
 * Links relocatable BPF objects into one, in the given order. On failure `LibbpfLog` has the reason.
 *
 * libbpf trusts the objects: check those of others with `ElfObject` first.
 * @returns the linked object, or a negative errno
 */
export function linkObjects(objects: readonly Uint8Array[]): Uint8Array<ArrayBuffer> | number {
  // The linker of libbpf 1.1 works on named files only.
  using linked = new MemoryFile();
  const linker = libbpf().bpf_linker__new(cString(linked.path), null);
  if (linker === null) return -lastErrno();
  try {
    for (const object of objects) {
      using file = new MemoryFile(object);
      const result = libbpf().bpf_linker__add_file(linker, cString(file.path), null);
      if (result !== 0) return result;
    }
    const result = libbpf().bpf_linker__finalize(linker);
    return result === 0 ? linked.read() : result;
  } finally {
    libbpf().bpf_linker__free(linker);
  }
}
