import { AttachType, openKernelBtf, openTracingLink, programRecursionMisses } from "../ffi/bpf.ts";
import { close } from "../ffi/libc.ts";
import { loadTracingProgram } from "../ffi/libbpf.ts";
import { type Attachment, FileDescriptors, sumKnown } from "./attachment.ts";
import { FentryTemplate } from "./fentry_template.ts";
import { attachOneByOne, type TakeTurn } from "./one_by_one.ts";
import type { Tracer } from "./tracer.ts";

const EINVAL = 22;

/** What of a function an fentry program needs to know. */
export interface TracingTarget {
  readonly module: string;
  readonly skbPosition: number;
  /** Id of the FUNC type in the BTF of `module`. */
  readonly btfId: number;
}

/**
 * Attaches with one fentry program per function (Linux 5.5+ with direct ftrace calls). The kernel
 * binds such a program to its function when it is loaded, so each function gets a copy of the program
 * for its position, with its own index written into it.
 *
 * @throws IpftError when a module hands functions to helpers; what `takeTurn` rejects with
 */
export async function attachFtrace(
  tracer: Tracer,
  functions: readonly TracingTarget[],
  takeTurn: TakeTurn,
): Promise<Attachment> {
  const templates = new Map<number, FentryTemplate>();
  for (const { skbPosition } of functions) {
    const program = tracer.program(skbPosition);
    if (templates.has(skbPosition) || program.fd < 0) continue;
    templates.set(skbPosition, new FentryTemplate(program.instructions()));
  }
  const btfFds = openKernelBtf(new Set(functions.map(({ module }) => module)));
  const programs = new FileDescriptors();
  const attachOne = ({ module, btfId, skbPosition }: TracingTarget, index: number) => {
    const template = templates.get(skbPosition);
    if (!template) return -EINVAL; // so the kernel said to each function of this position
    const program = loadTracingProgram({
      name: "ipft_fentry",
      instructions: template.withFunctionIndex(index),
      expectedAttachType: AttachType.traceFentry,
      attachBtfId: btfId,
      attachBtfFd: module === "vmlinux" ? 0 : btfFds.get(module) ?? 0,
    });
    if (program < 0) return program;
    programs.add(program);
    return openTracingLink(program);
  };
  try {
    const { links, refused } = await attachOneByOne(functions, attachOne, takeTurn);
    return {
      refused,
      missed: () => sumKnown(Array.from(programs, programRecursionMisses)),
      [Symbol.dispose]: () => {
        links[Symbol.dispose]();
        programs[Symbol.dispose]();
      },
    };
  } catch (error) {
    programs[Symbol.dispose]();
    throw error;
  } finally {
    for (const fd of btfFds.values()) close(fd);
  }
}
