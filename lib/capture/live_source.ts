/** The running kernel as a source of events: inspect -> plan -> load -> attach -> read. */
import {
  type Attachment,
  type AttachObserver,
  type Refusal,
  sumIfAllKnown,
} from "../bpf/attach/attachment.ts";
import type { LinkExtension } from "../bpf/extension_object.ts";
import { followPackets } from "../bpf/probes/follow_packets.ts";
import type { Probe } from "../bpf/probes/probe.ts";
import { filterCode } from "../bpf/filter_code.ts";
import type { Room, Verdicts } from "../bpf/probes/verdicts.ts";
import { Programs } from "../bpf/programs.ts";
import { RingReader } from "../bpf/ring_reader.ts";
import { Rings } from "../bpf/rings.ts";
import type { EventBatch } from "../event/batch.ts";
import type { Section } from "../event/section.ts";
import type { TraceHeader } from "../event/trace_header.ts";
import { monotonicNs } from "../ffi/libc.ts";
import type { PacketFilter } from "../filter/packet_filter.ts";
import { inspectKernel } from "../kernel/inspect.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { ModuleWatch } from "../kernel/module_watch.ts";
import type { SkbFunction } from "../kernel/skb_function.ts";
import { attach } from "./attach.ts";
import type { Completeness, EventSource } from "./event_source.ts";
import { LateModules, type ModuleReport } from "./late_modules.ts";
import { MAX_FUNCTIONS, type PlanRequest, planTrace, type TracePlan } from "./plan.ts";

/** While records come, an empty ring is looked at this often. */
const POLL_MS = 10;

/** When none came for `POLL_MS`, the kernel wakes ipft up for the next one, or after this time. */
const ASLEEP_MS = 1000;

/** After the end, probes that are still under way have this long to submit their records. */
const SETTLE_MS = 1000;

/** What to capture, and how. */
export interface CaptureOptions extends PlanRequest {
  /** Which packets to trace. */
  readonly filter: PacketFilter;
  /** The parts of a record besides what all have, in their order. */
  readonly sections: readonly Section[];
  /** What serves the trace besides the programs at functions. */
  readonly probes?: readonly Probe[];
  /** Finds the tc and XDP programs whose verdicts are events; undefined for those of none. */
  readonly findVerdicts?: FindVerdicts;
  /** How many packets can be followed at once; undefined to follow none. With it, LINEAGE is a section. */
  readonly follow?: { readonly maxPackets: number };
  /** Links the programs with the user's extension; undefined without one. */
  readonly extension?: LinkExtension;
  /** Of all rings together: a power of two, 4 KiB to 2 GiB. */
  readonly bufferSizeBytes: number;
  /** Outputs whose readers may go away, which ends the sleep of `read`. */
  readonly outputFds: readonly number[];
  /** Told of modules whose functions are left out. */
  readonly warn: (message: string) => void;
  /** Called with each line that libbpf or the verifier logs; undefined to log nothing. */
  readonly onLog?: (line: string) => void;
}

/** Finds tc and XDP programs, whose verdicts get the indexes after those of the traced functions. */
export type FindVerdicts = (kernel: Kernel, room: Room) => Verdicts;

/** The events of this machine's kernel. Disposing detaches and unloads everything. */
export class LiveSource implements EventSource {
  readonly header: TraceHeader;
  readonly plan: TracePlan;
  readonly #programs: Programs;
  readonly #reader: RingReader;
  readonly #resources: DisposableStack;
  readonly #outputFds: readonly number[];
  readonly #modules: ModuleWatch;
  readonly #lateModules: LateModules;
  #modulesCheckedAt = 0;
  readonly #stopped = new AbortController();
  #attachment?: Attachment;
  #delivered = 0;
  /** When records came for the last time, and when `stop` was called. */
  #movedAt = performance.now();
  #stoppedAt = 0;

  /** @param resources holds the rings and programs; the source takes over what is in it */
  private constructor(
    plan: TracePlan,
    rings: Rings,
    modules: ModuleWatch,
    programs: Programs,
    verdicts: Verdicts | undefined,
    options: CaptureOptions,
    resources: DisposableStack,
  ) {
    const { tracer, sections, outputFds } = options;
    this.plan = plan;
    const functions: SkbFunction[] = [...plan.functions, ...(verdicts?.functions ?? [])];
    this.header = { tracer, functions, sections, originNs: monotonicNs() };
    this.#programs = programs;
    this.#modules = modules;
    this.#lateModules = resources.use(
      new LateModules(modules, {
        plan,
        filter: options.functions,
        functions,
        programs: this.#programs,
      }),
    );
    this.#reader = resources.use(new RingReader(rings, sections, this.header.originNs));
    this.#resources = resources.move();
    this.#outputFds = outputFds;
  }

  /**
   * Loads the programs for a trace. They are attached to nothing yet.
   * @throws IpftError when this kernel cannot be traced like that, or refuses the programs
   */
  static async load(options: CaptureOptions): Promise<LiveSource> {
    const ringsMade = Rings.make(options.bufferSizeBytes);
    ringsMade.catch(() => {}); // what is wrong with the kernel is told first
    using resources = new DisposableStack();
    const modules = resources.use(new ModuleWatch());
    const kernel = await inspectWith(modules, options.warn);
    const plan = planTrace(kernel, options);
    const { follow } = options;
    const filter = filterCode(options.filter, plan.btfIds); // while the rings are made
    const room = { firstIndex: plan.functions.length, maxFunctions: MAX_FUNCTIONS };
    const verdicts = resources.use(options.findVerdicts?.(kernel, room));
    const rings = resources.use(await ringsMade);
    const programs = resources.use(
      await Programs.load({
        ...options,
        ...plan,
        filter,
        rings,
        probes: [
          ...(options.probes ?? []),
          ...(follow ? followPackets(kernel) : []),
          ...(verdicts?.probes ?? []),
        ],
        followed: follow?.maxPackets,
      }),
    );
    return new LiveSource(plan, rings, modules, programs, verdicts, options, resources);
  }

  /**
   * Attaches the programs to their functions.
   * @param setRlimit whether ipft may raise its own limit on open files
   * @returns the functions that the kernel refused
   * @throws IpftError when it refuses all; what `observer` rejects with
   */
  async attach(observer: AttachObserver, setRlimit: boolean): Promise<readonly Refusal[]> {
    this.#attachment = await attach(this.plan, this.#programs, observer, setRlimit);
    this.#resources.use(this.#attachment);
    return this.#attachment.refused;
  }

  start(): void {
    this.#programs.start();
    this.#movedAt = performance.now();
  }

  stop(): void {
    this.#programs.stop();
    this.#stoppedAt = performance.now();
    this.#stopped.abort();
  }

  /** Called during the trace for each module that is loaded, once its functions are attached to. */
  set onModule(report: (report: ModuleReport) => void) {
    this.#lateModules.onReport = report;
  }

  async read(batch: EventBatch): Promise<boolean> {
    this.#reader.read(batch);
    const now = performance.now();
    if (batch.length === 0 || now - this.#modulesCheckedAt > POLL_MS) this.#checkModules(now);
    if (batch.length > 0) {
      this.#delivered += batch.length;
      this.#movedAt = now;
      return true;
    }
    if (this.#stopped.signal.aborted) {
      const { hits, lost, dropped } = this.#programs.counters();
      const isComplete = hits === this.#delivered + lost + dropped;
      if (isComplete || now > this.#stoppedAt + SETTLE_MS) return false;
      await sleep(1);
    } else if (now - this.#movedAt < POLL_MS) {
      await sleep(POLL_MS);
    } else {
      const woken = this.#programs.waitForRecord(
        this.#modules.fds,
        this.#outputFds,
        ASLEEP_MS,
      );
      await orAborted(woken, this.#stopped.signal);
    }
    return true;
  }

  completeness(): Completeness {
    return { ...this.#programs.counters(), delivered: this.#delivered };
  }

  admitNoMore(): void {
    this.#programs.close();
  }

  followed(): number {
    return this.#programs.followed();
  }

  missed(): number | undefined {
    return sumIfAllKnown([this.#attachment?.missed(), ...this.#lateModules.missed()]);
  }

  #checkModules(now: number): void {
    if (this.#stopped.signal.aborted) return;
    this.#modulesCheckedAt = now;
    this.#lateModules.check();
  }

  [Symbol.dispose](): void {
    this.#resources[Symbol.dispose]();
  }
}

/** Inspects the kernel, once more when a module is loaded meanwhile: those that come later are noticed. */
async function inspectWith(
  modules: ModuleWatch,
  warn: (message: string) => void,
): Promise<Kernel> {
  for (;;) {
    const kernel = await inspectKernel(warn);
    if (modules.loaded().length === 0) return kernel;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves with the promise, or at the signal. (`Promise.race` would pile up on a lasting promise.) */
function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = () => {
      signal.removeEventListener("abort", end);
      resolve();
    };
    signal.addEventListener("abort", end);
    promise.then(end, reject);
  });
}
