import { IpftError } from "../../base/errors.ts";
import {
  forEachOperand,
  INSTRUCTION,
  LOAD_WIDE,
  PSEUDO_FUNC,
  setImmediate,
} from "../../base/ebpf.ts";
import { FUNCTION_INDEX } from "../placeholders.ts";

/** Who uses a template, for messages, and what to do without it. */
interface TemplateUser {
  readonly user: string;
  readonly remedy: string;
}

const FTRACE: TemplateUser = {
  user: "the ftrace backend",
  remedy: "use --backend kprobe-multi or kprobe",
};

/** The relocated instructions of an fentry or fexit program, with room for the function's index. */
export class FentryTemplate {
  readonly #instructions: Uint8Array<ArrayBuffer>;
  /** Byte offset of the instruction that has the index. */
  readonly #index: number;

  /** @throws IpftError when an extension hands functions to helpers, which copies cannot do */
  constructor(instructions: Uint8Array<ArrayBuffer>, { user, remedy } = FTRACE) {
    this.#instructions = instructions;
    if (handsOverFunctions(instructions)) {
      throw new IpftError(
        `${user} does not work with an extension that hands functions to helpers like ` +
          "bpf_loop or bpf_for_each_map_elem",
        remedy,
      );
    }
    const places: number[] = [];
    forEachOperand(instructions, (at, operand) => {
      if (operand === FUNCTION_INDEX) places.push(at);
    });
    if (places.length === 0) throw new Error("no placeholder in the fentry program");
    this.#index = places[0];
  }

  /** Copies the instructions for a function. */
  withFunctionIndex(functionIndex: number): Uint8Array<ArrayBuffer> {
    const copy = this.#instructions.slice();
    setImmediate(copy, this.#index, functionIndex);
    return copy;
  }
}

/** Reports whether a program hands functions to helpers. That takes BTF, which the copies don't have. */
function handsOverFunctions(instructions: Uint8Array): boolean {
  for (let at = 0; at < instructions.length; at += INSTRUCTION.sizeBytes) {
    if (instructions[at] !== LOAD_WIDE) continue;
    if (instructions[at + INSTRUCTION.registers] >>> 4 === PSEUDO_FUNC) return true;
    at += INSTRUCTION.sizeBytes; // skip the other half of the number
  }
  return false;
}
