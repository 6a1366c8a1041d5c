import { loadTracingProgram } from "../../ffi/background.ts";
import {
  AttachType,
  openKernelBtf,
  openTracingLink,
  programRecursionMisses,
} from "../../ffi/bpf.ts";
import { close } from "../../ffi/libc.ts";
import type { SkbFunction } from "../../kernel/skb_function.ts";
import { type Attachment, FileDescriptors, sumKnown } from "./attachment.ts";
import type { AttachTarget, Backend, Binding } from "./backend.ts";
import { FentryTemplate } from "./fentry_template.ts";
import { attachOneByOne } from "./one_by_one.ts";

const EINVAL = 22;

/** How many functions' copies are loaded ahead, on other threads. */
const LOADED_AHEAD = 4;

/** Prefixes of the names of entry programs. */
const FENTRY = "ipft_fentry_", FENTER = "ipft_fenter_";

/**
 * Attaches with one fentry program per function (Linux 5.5+ with direct ftrace calls), and one fexit
 * program where returns are traced. The kernel binds such a program to its function when it is loaded,
 * so each function gets copies of the programs for its position, with its own index written into them.
 */
export const ftrace = {
  name: "ftrace",
  isOneByOne: true,
  // The kernel looks for the name in its BTF, where no function has a compiler suffix.
  reaches: ({ name }) => !name.includes("."),
  methods: [
    {
      name: "fentry",
      tracer: "function",
      needs: ["ringBuffer", "fentry"],
      entry: FENTRY,
      bind: (functions) => new Targets(functions, FENTRY),
      attach,
    },
    {
      name: "fentry-fexit",
      tracer: "function_graph",
      needs: ["ringBuffer", "fentry"],
      entry: FENTER,
      exit: "ipft_fleave",
      bind: (functions) => new Targets(functions, FENTER),
      attach,
    },
  ],
} as const satisfies Backend;

/**
 * Chooses the functions that the originals of the copies are bound to. An fentry program cannot be loaded
 * without a function, and not every function takes one. The first of its position that does is chosen; a
 * position without one gets no program.
 */
class Targets implements Binding {
  readonly #entry: string;
  readonly #namesByPosition: ReadonlyMap<number, readonly string[]>;
  /** Index of the chosen name, for each position. */
  readonly #turns: Map<number, number>;

  constructor(functions: readonly SkbFunction[], entry: string) {
    this.#entry = entry;
    const groups = Map.groupBy(functions, ({ skbPosition }) => skbPosition);
    this.#namesByPosition = new Map(
      Array.from(groups, ([position, all]) => [position, all.map(({ name }) => name)]),
    );
    this.#turns = new Map(Array.from(groups.keys(), (position) => [position, 0]));
  }

  functionName(position: number): string | undefined {
    return this.#namesByPosition.get(position)?.[this.#turns.get(position)!];
  }

  next(log: readonly string[]): boolean {
    const isRefused = (position: number) =>
      log.some((line) => line.includes(`prog '${this.#entry}${position}': failed to load`));
    const position = Array.from(this.#turns.keys()).find(isRefused);
    if (position === undefined) return false;
    this.#turns.set(position, this.#turns.get(position)! + 1);
    return Array.from(this.#turns.keys())
      .some((position) => this.functionName(position) !== undefined);
  }
}

/**
 * Attaches copies of the programs. That takes the kernel several times as long as loading them, and it
 * attaches one at a time, so the next copies are loaded meanwhile.
 *
 * @throws IpftError when an extension hands functions to helpers; what `observer` rejects with
 */
async function attach(
  { programs, functions, observer }: AttachTarget,
): Promise<Attachment> {
  const entries = new Map<number, FentryTemplate>();
  for (const position of new Set(functions.map(({ skbPosition }) => skbPosition))) {
    const program = programs.entry(position);
    if (program.fd >= 0) entries.set(position, new FentryTemplate(program.instructions()));
  }
  const exit = programs.exit && new FentryTemplate(programs.exit.instructions());
  const btfFds = openKernelBtf(new Set(functions.map(({ module }) => module)));
  const copies = new FileDescriptors();
  /** Loads a copy. Returns its file descriptor, or a negated errno. */
  const load = async (
    template: FentryTemplate,
    type: "traceFentry" | "traceFexit",
    index: number,
  ) => {
    const { module, btfId } = functions[index];
    const fd = await loadTracingProgram({
      name: type === "traceFentry" ? "ipft_fentry" : "ipft_fexit",
      instructions: template.withFunctionIndex(index),
      expectedAttachType: AttachType[type],
      attachBtfId: btfId,
      attachBtfFd: module === "vmlinux" ? 0 : btfFds.get(module) ?? 0,
    });
    if (fd >= 0) copies.add(fd);
    return fd;
  };
  /** Loads the copies for a function, in the order in which they are attached. */
  const loadAll = (index: number): Promise<number[]> => {
    const entry = entries.get(functions[index].skbPosition);
    // What the kernel said to each function of this position.
    if (entry === undefined) return Promise.resolve([-EINVAL]);
    // The return first, so that no call has an entry without a return.
    const returns = exit ? [load(exit, "traceFexit", index)] : [];
    return Promise.all([...returns, load(entry, "traceFentry", index)]);
  };
  const ahead: Promise<number[]>[] = [];
  const attachOne = async (_fn: SkbFunction, index: number, links: FileDescriptors) => {
    for (let next = index + ahead.length; next < functions.length; next++) {
      if (ahead.length > LOADED_AHEAD) break;
      ahead.push(loadAll(next));
    }
    const fds = await ahead.shift()!;
    const refused = fds.find((fd) => fd < 0);
    if (refused !== undefined) return refused;
    for (const fd of fds) {
      const link = openTracingLink(fd);
      if (link < 0) return link;
      links.add(link);
    }
    return 0;
  };
  try {
    const { links, refused } = await attachOneByOne(functions, attachOne, observer);
    return {
      refused,
      missed: () => sumKnown(Array.from(copies, programRecursionMisses)),
      [Symbol.dispose]: () => {
        links[Symbol.dispose]();
        copies[Symbol.dispose]();
      },
    };
  } catch (error) {
    await Promise.allSettled(ahead);
    copies[Symbol.dispose]();
    throw error;
  } finally {
    for (const fd of btfFds.values()) close(fd);
  }
}
