import { usageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { EXPRESSION_WORDS } from "../filter/expression_words.ts";
import type { FilterRequest } from "../filter/filter_request.ts";
import type { OPTIONS } from "./commands.ts";
import type { Values } from "./option.ts";
import type { TraceOptions } from "./request.ts";
import { checkedMark, SEE_HELP } from "./values.ts";

const DEFAULT_MASK = 0xffff_ffff;

/**
 * Reads which packets to trace.
 * @param operands the words of an expression
 * @param hasCommand whether ipft runs a command
 * @throws {IpftError} wrong usage
 */
export function readFilter(
  values: Values<typeof OPTIONS>,
  operands: readonly string[],
  hasCommand: boolean,
): Pick<TraceOptions, "filter" | "sockets"> {
  const { mark, mask, inner, netns, ifname, cgroup, pid, comm, all, markCommand } = values;
  const expression = operands.join(" ").trim() || undefined;
  if (mask !== undefined && mark === undefined) {
    throw usageError("--mask without --mark", "add the mark: ipft -m 0x10 --mask 0xf0");
  }
  const filter: FilterRequest = {
    mark: mark === undefined ? undefined : checkedMark(mark, mask ?? DEFAULT_MASK),
    expression,
    inner,
    netns,
    ifname,
    cgroup,
    process: pid === undefined && comm === undefined ? undefined : { pid, comm },
  };
  const isBare = Object.values(filter).every((condition) => condition === undefined);
  if (markCommand && !hasCommand) {
    throw usageError(
      "--mark-command without a command",
      "add one: ipft --mark-command -- COMMAND",
    );
  }
  if (all) {
    if (isBare && !markCommand) return { filter };
    throw usageError(
      "--all with a condition",
      "give one: --all traces every packet, whatever it is",
    );
  }
  if (isBare && !hasCommand) {
    throw usageError(
      "no filter given",
      "say which packets to trace, e.g. ipft 'host 192.0.2.1 and tcp port 443', ipft -m 1234, " +
        `or ${SEE_HELP}`,
    );
  }
  if (!isBare && !markCommand) return { filter };
  if (mark !== undefined) return { filter, sockets: "mark" };
  if (cgroup === undefined) return { filter, sockets: "follow" };
  throw usageError(
    "both --cgroup and --mark-command given",
    "give one: the command runs in a cgroup of its own",
  );
}

/**
 * Rejects a single word that is a command or an option mistyped, rather than an expression.
 * @param words what may have been meant
 */
export function rejectTypingError(operands: readonly string[], words: readonly string[]): void {
  const [word, ...others] = operands;
  if (others.length > 0 || !/^[\w-]+$/.test(word ?? "")) return;
  if (EXPRESSION_WORDS.some((known) => known === word)) return;
  const meant = nearest(word, words);
  if (meant === undefined) return;
  throw usageError(`unknown argument '${word}'`, `did you mean ${meant}? ${SEE_HELP}`);
}
