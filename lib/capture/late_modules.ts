import type { Attachment, AttachObserver, Refusal } from "../bpf/attach/attachment.ts";
import type { Programs } from "../bpf/programs.ts";
import { filterFunctions, type FunctionFilter } from "../kernel/functions.ts";
import { KERNEL_PATHS, loadModuleFunctions } from "../kernel/functions.ts";
import type { ModuleWatch } from "../kernel/module_watch.ts";
import type { SkbFunction } from "../kernel/skb_function.ts";
import { TracefsMount } from "../kernel/tracefs.ts";
import { MAX_FUNCTIONS, type TracePlan } from "./plan.ts";

/** What became of the functions of a module that was loaded during a trace. */
export interface ModuleReport {
  readonly module: string;
  /** How many of its functions are traced from now on. */
  readonly attached: number;
  /** How many pass the filter, but are out of the backend's reach. */
  readonly unreachable: number;
  readonly refused: readonly Refusal[];
  /** Why none is traced, if that is known. */
  readonly problem?: string;
}

/** Where later functions go. */
export interface LateTarget {
  readonly plan: TracePlan;
  readonly filter: FunctionFilter;
  /** The functions of the trace. It grows: those that are appended have their index as number. */
  readonly functions: SkbFunction[];
  readonly programs: Programs;
}

/**
 * Traces the functions of modules that are loaded during a trace. Their files are read on other threads,
 * while the trace goes on. Disposing it detaches from the functions.
 */
export class LateModules implements Disposable {
  readonly #watch: ModuleWatch;
  readonly #target: LateTarget;
  readonly #attachments: Attachment[] = [];
  /** One module after the other. */
  #work: Promise<void> = Promise.resolve();
  #isOver = false;
  /** Called when a module's functions are attached, or cannot be. */
  onReport: (report: ModuleReport) => void = () => {};

  constructor(watch: ModuleWatch, target: LateTarget) {
    this.#watch = watch;
    this.#target = target;
  }

  /** Looks whether modules were loaded since the last call. */
  check(): void {
    for (const module of this.#watch.loaded()) {
      this.#work = this.#work.then(() => this.#trace(module));
    }
  }

  /** As `EventSource.missed`, for the functions that were attached to here. */
  missed(): (number | undefined)[] {
    return this.#attachments.map((attachment) => attachment.missed());
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const attachment of this.#attachments) attachment[Symbol.dispose]();
  }

  async #trace(module: string): Promise<void> {
    const { plan, filter } = this.#target;
    if (this.#isOver || !(filter.moduleRegex?.test(module) ?? true)) return;
    const nothing = { module, attached: 0, unreachable: 0, refused: [] };
    try {
      if (!plan.capabilities.moduleBtf) {
        this.onReport({ ...nothing, problem: "this kernel has no types of modules" });
        return;
      }
      using tracefs = new TracefsMount();
      const paths = { ...KERNEL_PATHS, tracefs: tracefs.directory };
      const { functions } = await loadModuleFunctions(module, paths, plan.describesVariants);
      if (!this.#isOver) await this.#attach(module, filterFunctions(functions, filter));
    } catch (error) {
      if (!this.#isOver) this.onReport({ ...nothing, problem: (error as Error).message });
    }
  }

  async #attach(module: string, matching: readonly SkbFunction[]): Promise<void> {
    const { plan: { backend, method, capabilities }, functions, programs } = this.#target;
    if (matching.length === 0) return;
    const indexes = matching.filter((fn) => backend.reaches(fn) && this.#append(fn))
      .map((_, i, { length }) => functions.length - length + i);
    const observer: AttachObserver = { attached: () => this.#goOn(), detached: () => {} };
    const attachment = await method.attach({
      programs,
      functions,
      indexes,
      capabilities,
      observer,
    });
    if (this.#isOver) return attachment[Symbol.dispose]();
    this.#attachments.push(attachment);
    const { refused } = attachment;
    this.onReport({
      module,
      attached: indexes.length - refused.length,
      unreachable: matching.length - indexes.length,
      refused,
    });
  }

  /** Gives a function its number. Returns false if there is no room for it. */
  #append(fn: SkbFunction): boolean {
    const { functions, programs } = this.#target;
    if (functions.length === MAX_FUNCTIONS) return false;
    if (!programs.addFunction(functions.length, fn)) return false;
    functions.push(fn);
    return true;
  }

  /** Lets the trace go on while functions are attached to one by one. */
  async #goOn(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (this.#isOver) throw new Error("the trace is over");
  }
}
