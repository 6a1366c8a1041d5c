/** What tc and XDP programs decide about packets: the programs of verdicts.h. */
import { errnoText, IpftError } from "../../base/errors.ts";
import { plural } from "../../base/plural.ts";
import type { TracedFunction } from "../../event/trace_header.ts";
import { loadTracingProgram } from "../../ffi/background.ts";
import { AttachType, openTracingLink, programRecursionMisses } from "../../ffi/bpf.ts";
import type { BpfProgram } from "../../ffi/libbpf.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import {
  type NetworkProgram,
  type NetworkProgramKind,
  NetworkPrograms,
} from "../../kernel/network_programs.ts";
import type { SkbFunction } from "../../kernel/skb_function.ts";
import { FileDescriptors } from "../attach/attachment.ts";
import { FentryTemplate } from "../attach/fentry_template.ts";
import type { Probe } from "./probe.ts";
import { tracingProbe } from "./tracing_probe.ts";
import { verdictNames } from "./verdict_names.ts";

/** The function that the originals are bound to. */
const LENDER = "netif_receive_skb";

const ORIGINALS = { tc: "ipft_tc_verdict", XDP: "ipft_xdp_verdict" } as const;

/** The functions that run XDP programs for an skb. Of the first two, a kernel has one. */
const GENERIC = ["bpf_prog_run_generic_xdp", "netif_receive_generic_xdp"],
  VETH = "veth_xdp_rcv_skb";

/** Where the last one gets a copy of its skb. */
const COPY = "__copy_skb_header";

const REMEDY = "leave out --programs";

/** Which indexes of functions are left for verdicts. */
export interface Room {
  /** The index of the first one. */
  readonly firstIndex: number;
  /** How many functions a trace can have. */
  readonly maxFunctions: number;
}

/** A program, and the index of its first verdict. */
type Indexed = NetworkProgram & { readonly index: number };

/** The tc and XDP programs of a trace. Disposing closes them; what is attached to them stays. */
export class Verdicts implements Disposable {
  /** One for each verdict of each program, for the table of functions. */
  readonly functions: readonly (SkbFunction & TracedFunction)[];
  readonly probes: readonly Probe[];
  readonly #programs: NetworkPrograms;

  /**
   * Finds the programs that are loaded now.
   * @param tell told which are shown, and which are not
   * @throws IpftError when the kernel cannot show any
   */
  constructor(
    { capabilities, functions }: Pick<Kernel, "capabilities" | "functions">,
    { firstIndex, maxFunctions }: Room,
    tell: (message: string) => void,
  ) {
    const traceable = new Set(functions.map(({ name }) => name));
    if (!capabilities.fentry || !traceable.has(LENDER)) {
      throw new IpftError("this kernel cannot show tc and XDP programs", REMEDY);
    }
    const found = this.#programs = NetworkPrograms.find();
    const isEmpty = found.programs.length + found.opaque.length === 0;
    if (isEmpty) tell("--programs: no tc or XDP program is loaded");
    for (const { problem, ...program } of found.opaque) tell(notShown(program, problem));
    const verdicts: SkbFunction[] = [];
    const indexed: Indexed[] = [];
    for (const program of found.programs) {
      const index = firstIndex + verdicts.length, its = functionsOf(program);
      if (index + its.length > maxFunctions) {
        tell(notShown(program, "there are more functions than ipft can number"));
        continue;
      }
      verdicts.push(...its);
      indexed.push({ ...program, index });
    }
    this.functions = verdicts;
    this.probes = probesFor(indexed, traceable, tell);
  }

  [Symbol.dispose](): void {
    this.#programs[Symbol.dispose]();
  }
}

function functionsOf({ name, kind, btfId }: NetworkProgram): (SkbFunction & TracedFunction)[] {
  return verdictNames(name, kind)
    .map((name) => ({ name, module: "bpf", skbPosition: 0, btfId, hasNoReturn: true }));
}

function probesFor(
  programs: readonly Indexed[],
  traceable: ReadonlySet<string>,
  tell: (message: string) => void,
): Probe[] {
  const probes: Probe[] = [];
  const tc = programs.filter(({ kind }) => kind === "tc");
  const xdp = programs.filter(({ kind }) => kind === "XDP");
  if (tc.length > 0) probes.push(verdictProbe("tc", tc, tell));
  if (xdp.length === 0) return probes;
  const generic = GENERIC.filter((name) => traceable.has(name)).slice(0, 1);
  const runners = traceable.has(VETH) ? [...generic, VETH] : generic;
  if (runners.length === 0) {
    const problem = "the function that runs them for a packet cannot be traced";
    tell(`Not shown: ${plural(xdp.length, "XDP program")}: ${problem}`);
    return probes;
  }
  // Before the verdicts, which need them.
  for (const name of runners) {
    probes.push(tracingProbe(`ipft_in_${name}`, refusal));
    probes.push(tracingProbe(`ipft_after_${name}`, refusal));
  }
  if (traceable.has(COPY)) probes.push(tracingProbe("ipft_xdp_copy", refusal));
  probes.push(verdictProbe("XDP", xdp, tell));
  return probes;
}

/** Makes the probe that is attached to all programs of a kind, as far as the kernel allows it. */
function verdictProbe(
  kind: NetworkProgramKind,
  programs: readonly Indexed[],
  tell: (message: string) => void,
): Probe {
  return {
    program: ORIGINALS[kind],
    numbers: new Map(),
    refusal,
    attach: async (original) => {
      const copies = new FileDescriptors(), links = new FileDescriptors();
      const template = templateOf(original);
      const loaded = await Promise.all(programs.map((program) => load(template, program)));
      loaded.filter((fd) => fd >= 0).forEach((fd) => copies.add(fd));
      let attached = 0;
      programs.forEach((program, i) => {
        const result = loaded[i] < 0 ? loaded[i] : openTracingLink(loaded[i]);
        if (result < 0) {
          return tell(notShown(program, `the kernel refused: ${errnoText(result)}`));
        }
        links.add(result);
        attached++;
      });
      if (attached > 0) tell(`Attached to ${plural(attached, `${kind} program`)}.`);
      return {
        missed: () =>
          Array.from(copies).reduce((sum, fd) => sum + (programRecursionMisses(fd) ?? 0), 0),
        [Symbol.dispose]: () => {
          links[Symbol.dispose]();
          copies[Symbol.dispose]();
        },
      };
    },
  };
}

function templateOf(original: BpfProgram): FentryTemplate {
  return new FentryTemplate(original.instructions(), { user: "--programs", remedy: REMEDY });
}

/** Loads a copy for a program. Returns its file descriptor, or a negated errno. */
function load(template: FentryTemplate, { fd, btfId, index }: Indexed): Promise<number> {
  return loadTracingProgram({
    name: "ipft_verdict",
    instructions: template.withFunctionIndex(index),
    expectedAttachType: AttachType.traceFexit,
    attachBtfId: btfId,
    attachBtfFd: 0,
    attachProgramFd: fd,
  });
}

function notShown(
  { kind, id, name }: Pick<NetworkProgram, "kind" | "id" | "name">,
  problem: string,
): string {
  return `Not shown: ${kind} program ${name} (id ${id}): ${problem}`;
}

function refusal(result: number, log: readonly string[] = []): IpftError {
  return new IpftError(
    `the kernel refused to show tc and XDP programs: ${errnoText(result)}`,
    REMEDY,
    1,
    log,
  );
}
