import { loadTracingProgram } from "../../ffi/background.ts";
import { AttachType, openKernelBtf, openTracingLink, programRecursionMisses } from "../../ffi/bpf.ts";
import { close } from "../../ffi/libc.ts";
import { type Attachment, type AttachObserver, FileDescriptors, sumKnown } from "./attachment.ts";
import { FentryTemplate } from "./fentry_template.ts";
import { attachOneByOne } from "./one_by_one.ts";
import type { Tracer } from "../programs.ts";

const EINVAL = 22;

/** What of a function an fentry program needs to know. */
export interface TracingTarget {
  readonly module: string;
  readonly skbPosition: number;
  /** Id of the FUNC type in the BTF of `module`. */
  readonly btfId: number;
}

/** Copies that are loaded while others are attached, on threads of their own. */
const LOADED_AHEAD = 4;

/**
 * Attaches with one fentry program per function (Linux 5.5+ with direct ftrace calls), and one fexit
 * program where the tracer has one. The kernel binds such a program to its function when it is loaded,
 * so each function gets copies of the programs for its position, with its own index written into them.
 *
 * Attaching takes the kernel several times as long as loading, and it attaches one at a time: so copies
 * are loaded while others are being attached.
 *
 * @throws IpftError when a module hands functions to helpers; what `observer` rejects with
 */
export async function attachFtrace(
  tracer: Tracer,
  functions: readonly TracingTarget[],
  observer: AttachObserver,
): Promise<Attachment> {
  const entries = new Map<number, FentryTemplate>();
  for (const position of new Set(functions.map(({ skbPosition }) => skbPosition))) {
    const program = tracer.program(position);
    if (program.fd >= 0) entries.set(position, new FentryTemplate(program.instructions()));
  }
  const exit = tracer.exitProgram && new FentryTemplate(tracer.exitProgram.instructions());
  const btfFds = openKernelBtf(new Set(functions.map(({ module }) => module)));
  const programs = new FileDescriptors();
  /** The file descriptor of a copy, or a negated errno. */
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
    if (fd >= 0) programs.add(fd);
    return fd;
  };
  /** The copies for a function, in the order in which they are to be attached. */
  const loadAll = (index: number): Promise<number[]> => {
    const entry = entries.get(functions[index].skbPosition);
    // So the kernel said to each function of this position.
    if (entry === undefined) return Promise.resolve([-EINVAL]);
    // The return first, so that no entry is seen whose return is not.
    const copies = exit ? [load(exit, "traceFexit", index)] : [];
    return Promise.all([...copies, load(entry, "traceFentry", index)]);
  };
  const ahead: Promise<number[]>[] = [];
  const attachOne = async (_target: TracingTarget, index: number, links: FileDescriptors) => {
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
      missed: () => sumKnown(Array.from(programs, programRecursionMisses)),
      [Symbol.dispose]: () => {
        links[Symbol.dispose]();
        programs[Symbol.dispose]();
      },
    };
  } catch (error) {
    await Promise.allSettled(ahead);
    programs[Symbol.dispose]();
    throw error;
  } finally {
    for (const fd of btfFds.values()) close(fd);
  }
}
