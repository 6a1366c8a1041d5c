import { errnoText } from "../../base/errors.ts";
import { type AttachObserver, FileDescriptors, type Refusal } from "./attachment.ts";

/** Time between two calls of the observer. */
const TURN_MS = 50;

/**
 * Attaches to one function after the other.
 * @param attachOne attaches to a function and adds the file descriptors that hold it to `links`; returns 0
 *   or a negated errno
 * @returns all those file descriptors, and the functions that were refused
 */
export async function attachOneByOne<T>(
  functions: readonly T[],
  attachOne: (fn: T, index: number, links: FileDescriptors) => number | Promise<number>,
  observer: AttachObserver,
): Promise<{ links: FileDescriptors; refused: Refusal[] }> {
  const links = new FileDescriptors((done, total) => observer.detached(done, total));
  const refused: Refusal[] = [];
  let turn = performance.now();
  try {
    for (const [functionIndex, fn] of functions.entries()) {
      const result = await attachOne(fn, functionIndex, links);
      if (result < 0) refused.push({ functionIndex, reason: errnoText(result) });
      if (performance.now() - turn < TURN_MS) continue;
      await observer.attached(functionIndex + 1);
      turn = performance.now();
    }
    return { links, refused };
  } catch (error) {
    links[Symbol.dispose]();
    throw error;
  }
}
