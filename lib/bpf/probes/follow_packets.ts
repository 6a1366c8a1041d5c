import { errnoText, IpftError } from "../../base/errors.ts";
import { forEachOperand, setImmediate } from "../../base/ebpf.ts";
import { loadTracingProgram } from "../../ffi/background.ts";
import {
  AttachType,
  openKernelBtf,
  openTracingLink,
  programRecursionMisses,
} from "../../ffi/bpf.ts";
import { close } from "../../ffi/libc.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import { type SkbFunction, VMLINUX } from "../../kernel/skb_function.ts";
import { PLAIN_ARGUMENTS } from "../placeholders.ts";
import type { Probe } from "./probe.ts";

/** The functions without which nothing is sure: where packets end, and where they are copied. */
const REQUIRED = {
  skb_release_head_state: ["ipft_release_in_skb_release_head_state"],
  kfree_skbmem: ["ipft_in_kfree_skbmem", "ipft_after_kfree_skbmem"],
  __copy_skb_header: ["ipft_copy"],
} as const;

/** Those that not every kernel has, or has under another name. */
const OPTIONAL = {
  kfree_skb_partial: ["ipft_after_kfree_skb_partial"],
  napi_consume_skb: ["ipft_after_napi_consume_skb"],
  __kfree_skb_defer: ["ipft_after___kfree_skb_defer"],
  __napi_kfree_skb: ["ipft_after___napi_kfree_skb"],
  __alloc_skb: ["ipft_after_alloc"],
  kmem_cache_free_bulk: ["ipft_in_free_bulk"],
  __build_skb_around: ["ipft_in___build_skb_around"],
  napi_reuse_skb: ["ipft_in_napi_reuse_skb"],
  napi_skb_free_stolen_head: [
    "ipft_release_in_napi_skb_free_stolen_head",
    "ipft_after_napi_skb_free_stolen_head",
  ],
  napi_skb_cache_put: ["ipft_in_napi_skb_cache_put", "ipft_after_napi_skb_cache_put"],
  skb_morph: ["ipft_morph"],
  skb_segment: ["ipft_segment", "ipft_after_segment"],
  ip_copy_metadata: ["ipft_in_ip_copy_metadata"],
  ip6_copy_metadata: ["ipft_in_ip6_copy_metadata"],
  ip_fraglist_prepare: ["ipft_in_ip_fraglist_prepare"],
  ip6_fraglist_prepare: ["ipft_in_ip6_fraglist_prepare"],
  skb_split: ["ipft_in_skb_split"],
  skb_gro_receive: ["ipft_after_skb_gro_receive"],
  skb_gro_receive_list: ["ipft_after_skb_gro_receive_list"],
  skb_try_coalesce: ["ipft_after_skb_try_coalesce"],
  inet_frag_reasm_finish: ["ipft_after_reassembly"],
  packet_rcv: ["ipft_in_packet_rcv"],
  tpacket_rcv: ["ipft_in_tpacket_rcv"],
} as const;

/** What the names of programs begin with that run at the end of their function. */
const AT_END = "ipft_after_";

const REMEDY = "use --no-follow to tell packets apart by their address alone";

/** A function of the kernel, as its BTF has it. */
type Target = Pick<SkbFunction, "module"> & { readonly btfId: number };

/**
 * Follows packets: the programs of packet_ends.h and packet_origins.h, each for one function of the kernel.
 * @throws IpftError when the kernel does not show where packets end and where they are copied
 */
export function followPackets(
  { capabilities, functions, btfIds }: Pick<Kernel, "capabilities" | "functions" | "btfIds">,
): Probe[] {
  if (!capabilities.fentry) {
    throw new IpftError("this kernel cannot follow packets: it has no fentry programs", REMEDY);
  }
  const targets = new Map<string, Target>(functions.map((fn) => [fn.name, fn]));
  const { allocSkb, freeBulk } = btfIds;
  if (allocSkb !== undefined) targets.set("__alloc_skb", { module: VMLINUX, btfId: allocSkb });
  if (freeBulk !== undefined) {
    targets.set("kmem_cache_free_bulk", { module: VMLINUX, btfId: freeBulk });
  }
  const missing = Object.keys(REQUIRED).find((name) => !targets.has(name));
  if (missing !== undefined) {
    throw new IpftError(
      `this kernel cannot follow packets: its function ${missing} cannot be traced`,
      REMEDY,
    );
  }
  return Object.entries({ ...REQUIRED, ...OPTIONAL }).flatMap(([name, programs]) => {
    const target = targets.get(name);
    return target ? programs.map((program) => probe(program, target)) : [];
  });
}

function probe(program: string, target: Target): Probe {
  return {
    program,
    numbers: new Map(),
    refusal,
    attach: async (original) => {
      const copy = await load(program, original.instructions(), target);
      if (copy < 0) throw refusal(copy);
      const link = openTracingLink(copy);
      if (link < 0) {
        close(copy);
        throw refusal(link);
      }
      return {
        // A kernel without the counter (before 5.12) skips no run.
        missed: () => programRecursionMisses(copy) ?? 0,
        [Symbol.dispose]: () => {
          close(link);
          close(copy);
        },
      };
    },
  };
}

/** Loads a copy that is bound to its function. Returns its file descriptor, or a negated errno. */
async function load(
  program: string,
  instructions: Uint8Array<ArrayBuffer>,
  { module, btfId }: Target,
): Promise<number> {
  forEachOperand(instructions, (at, operand) => {
    if (operand === PLAIN_ARGUMENTS) setImmediate(instructions, at, 0);
  });
  const ofModules = module === VMLINUX ? undefined : openKernelBtf(new Set([module]));
  try {
    return await loadTracingProgram({
      name: "ipft_follow",
      instructions,
      expectedAttachType: program.startsWith(AT_END)
        ? AttachType.traceFexit
        : AttachType.traceFentry,
      attachBtfId: btfId,
      attachBtfFd: ofModules?.get(module) ?? 0,
    });
  } finally {
    for (const fd of ofModules?.values() ?? []) close(fd);
  }
}

function refusal(result: number, log: readonly string[] = []): IpftError {
  return new IpftError(
    `the kernel refused to follow packets: ${errnoText(result)}`,
    REMEDY,
    1,
    log,
  );
}
