import { errnoText } from "../errors.ts";
import { FileDescriptors, type Refusal } from "./attachment.ts";

/**
 * Called now and then while functions are attached one by one. It gives other tasks (signals) their
 * turn; when it rejects, attaching ends and what was attached is detached.
 */
export type TakeTurn = () => Promise<void>;

/** Between two calls of a `TakeTurn`. */
const TURN_MS = 50;

/**
 * Attaches to each function by itself.
 * @param attachOne gives the file descriptor that holds the attached probe, or a negated errno
 * @returns those file descriptors, and the functions that were refused
 */
export async function attachOneByOne<T>(
  functions: readonly T[],
  attachOne: (fn: T, index: number) => number,
  takeTurn: TakeTurn,
): Promise<{ links: FileDescriptors; refused: Refusal[] }> {
  const links = new FileDescriptors();
  const refused: Refusal[] = [];
  let turn = performance.now();
  try {
    for (const [functionIndex, fn] of functions.entries()) {
      const link = attachOne(fn, functionIndex);
      if (link >= 0) links.add(link);
      else refused.push({ functionIndex, reason: errnoText(link) });
      if (performance.now() - turn < TURN_MS) continue;
      await takeTurn();
      turn = performance.now();
    }
    return { links, refused };
  } catch (error) {
    links[Symbol.dispose]();
    throw error;
  }
}
