/** `ipft doctor`: shows what this kernel supports and what it allows. */
import { attach } from "../capture/attach.ts";
import { backendGaps, type BackendName } from "../bpf/attach/backends.ts";
import { filterCode } from "../bpf/filter_code.ts";
import { Programs } from "../bpf/programs.ts";
import type { AttachObserver } from "../bpf/attach/attachment.ts";
import { Rings } from "../bpf/rings.ts";
import { IpftError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";
import { type Capabilities, REQUIREMENTS } from "../kernel/capabilities.ts";
import type { PacketFilter } from "../filter/packet_filter.ts";
import { inspectKernel, lockdownMode } from "../kernel/inspect.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { VMLINUX } from "../kernel/skb_function.ts";
import { type Tracer, TRACERS } from "../event/trace_header.ts";
import { printText } from "../output/stdout.ts";
import { planTrace } from "../capture/plan.ts";

/** A function that every kernel with IPv4 has, under a name that nothing else has. */
const TRIED_FUNCTION = /^ip_rcv$/;

const UNOBSERVED: AttachObserver = { attached: () => Promise.resolve(), detached: () => {} };

/** By a mark that nobody uses, so that the attached programs match no packet. */
const TRIED_FILTER: PacketFilter = { mark: { value: 0x1bf7c0de, mask: 0xffffffff } };

const TRIED_BUFFER_BYTES = 4096;

/**
 * Prints what the kernel supports, and tries each backend on one function.
 *
 * @param verbose whether to show what libbpf and the verifier log
 * @returns whether at least one backend works
 * @throws IpftError without root, tracefs or BTF, which every backend needs
 */
export async function doctor(verbose: boolean, tell: (message: string) => void): Promise<boolean> {
  const kernel = await inspectKernel(tell);
  const inModules = kernel.functions.filter(({ module }) => module !== VMLINUX).length;
  const lines = [
    `Linux ${Deno.osRelease()}`,
    row("lockdown", lockdownMode() ?? "unknown: securityfs is not mounted"),
    ...Object.entries(kernel.capabilities).map(([name, has]) => {
      const [what, needs] = REQUIREMENTS[name as keyof Capabilities];
      return row(what, has ? "yes" : `no: needs ${needs}`);
    }),
    row("skb functions", `${kernel.functions.length}, ${inModules} of them in modules`),
  ];
  let anyWorks = false;
  for (const tracer of TRACERS) {
    lines.push("", `tracer ${tracer}`);
    let works = false;
    for (const { backend, missing } of backendGaps(kernel.capabilities, tracer)) {
      const obstacle = missing.length > 0
        ? `lacks ${missing.join(", ")}`
        : await tryBackend(kernel, tracer, backend.name as BackendName, verbose ? tell : undefined);
      const rank = works ? "" : " (the default)";
      lines.push(row(backend.name, obstacle === undefined ? `works${rank}` : `no: ${obstacle}`));
      works ||= obstacle === undefined;
    }
    anyWorks ||= works;
  }
  await printText(lines.join("\n") + "\n");
  return anyWorks;
}

/** Attaches to one function and detaches. Returns why that failed, undefined if it worked. */
async function tryBackend(
  kernel: Kernel,
  tracer: Tracer,
  backend: BackendName,
  onLog?: (line: string) => void,
): Promise<string | undefined> {
  try {
    const plan = planTrace(kernel, {
      tracer,
      backend,
      functions: { functionRegex: TRIED_FUNCTION },
    });
    using rings = await Rings.make(TRIED_BUFFER_BYTES);
    const filter = filterCode(TRIED_FILTER, plan.btfIds);
    using programs = await Programs.load({ ...plan, filter, rings, onLog });
    using _attachment = await attach(plan, programs, UNOBSERVED);
    return undefined;
  } catch (error) {
    if (error instanceof IpftError) return error.message;
    throw error;
  }
}

function row(name: string, value: string): string {
  return `  ${name.padEnd(20)}${printable(value)}`;
}
