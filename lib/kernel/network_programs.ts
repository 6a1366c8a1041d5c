import { IpftError } from "../base/errors.ts";
import { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_kind.ts";
import { close } from "../ffi/libc.ts";
import {
  openProgram,
  programIds,
  type ProgramInfo,
  programInfo,
  readBtf,
} from "../ffi/loaded_programs.ts";

/** The programs that decide about packets, by their `enum bpf_prog_type`. */
const KINDS: Readonly<Record<number, NetworkProgramKind>> = { 3: "tc", 4: "tc", 6: "XDP" };

/** What their main functions get, in their own types. */
const CONTEXT = { tc: "__sk_buff", XDP: "xdp_md" } as const;

/** `tc`: of type SCHED_CLS or SCHED_ACT, which run at clsact, tcx and netkit, and as actions. */
export type NetworkProgramKind = "tc" | "XDP";

/** A loaded tc or XDP program. */
export interface NetworkProgram {
  readonly kind: NetworkProgramKind;
  readonly id: number;
  readonly name: string;
  /** Keeps it in the kernel while it is open. */
  readonly fd: number;
  /** Id of its main function's FUNC in its own BTF. */
  readonly btfId: number;
}

/** One that nothing can be attached to. */
export interface OpaqueProgram {
  readonly kind: NetworkProgramKind;
  readonly id: number;
  readonly name: string;
  /** Why. */
  readonly problem: string;
}

/** The tc and XDP programs that are loaded. Disposing closes them. */
export class NetworkPrograms implements Disposable {
  readonly programs: NetworkProgram[] = [];
  readonly opaque: OpaqueProgram[] = [];

  static find(): NetworkPrograms {
    const found = new NetworkPrograms();
    for (const id of programIds()) {
      const fd = openProgram(id);
      if (fd < 0) continue; // unloaded meanwhile
      const info = programInfo(fd);
      const kind = info && KINDS[info.type];
      const described = kind && describe(info, kind, readBtf);
      if (described === undefined || "problem" in described) close(fd);
      if (described === undefined) continue;
      if ("problem" in described) found.opaque.push(described);
      else found.programs.push({ ...described, fd });
    }
    return found;
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.programs.splice(0)) close(fd);
  }
}

/**
 * Finds out what is to know of a program to attach to its main function.
 * @param readBtf returns the bytes of a BTF object
 */
export function describe(
  { id, name, btfId, mainFunction }: ProgramInfo,
  kind: NetworkProgramKind,
  readBtf: (id: number) => Uint8Array | undefined,
): Omit<NetworkProgram, "fd"> | OpaqueProgram {
  const opaque = (problem: string) => ({ kind, id, name, problem });
  const bytes = btfId === 0 || mainFunction === 0 ? undefined : readBtf(btfId);
  if (bytes === undefined) return opaque("it has no BTF");
  try {
    const btf = Btf.parse(bytes, { source: `program ${id}` });
    // The kernel goes by that. Of any other function, it passes on five numbers, whatever they are.
    if (!takesContext(btf, mainFunction, CONTEXT[kind])) {
      return opaque(`its argument is no struct ${CONTEXT[kind]} *`);
    }
    // The kernel's name for the program has been cut off.
    return { kind, id, name: btf.name(mainFunction), btfId: mainFunction };
  } catch (error) {
    if (error instanceof IpftError) return opaque(error.message);
    throw error;
  }
}

function takesContext(btf: Btf, main: number, context: string): boolean {
  const prototype = btf.type(main);
  if (btf.paramCount(prototype) !== 1) return false;
  const pointer = btf.skipModifiers(btf.paramType(prototype, 0));
  if (btf.kind(pointer) !== BtfKind.PTR) return false;
  const struct = btf.skipModifiers(btf.type(pointer));
  return btf.kind(struct) === BtfKind.STRUCT && btf.name(struct) === context;
}
