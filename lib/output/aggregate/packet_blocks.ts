import { constant } from "../../base/constant.ts";
import type { EventBatch } from "../../event/batch.ts";
import type { LineEnds } from "../text/line_ends.ts";
import type { TextBuffer } from "../text/text_buffer.ts";

const SEPARATOR = constant("===\n");

/** The most that `writeBlocks` appends for a line besides the line. */
export const SEPARATOR_BYTES = SEPARATOR.sizeBytes;

/**
 * Writes one block of lines per packet or journey, blocks separated by `===`.
 * @param count how many events there are
 * @param next returns the next `GROUP_EVENTS` events, or those that are left; packet after packet
 * @param ends prepared here, so that `appendLine` may end a line with them
 * @param appendLine appends the line of the event in this row
 */
export function writeBlocks<Lines extends { readonly batch: EventBatch }>(
  text: TextBuffer,
  count: number,
  next: () => Lines,
  ends: LineEnds,
  appendLine: (lines: Lines, row: number) => void,
): Promise<void> {
  let current = 0;
  return text.writeLines(count, () => {
    const lines = next();
    const { length, columns: { packet } } = lines.batch;
    ends.prepare(lines.batch, 0, length);
    for (let row = 0; row < length; row++) {
      if (packet[row] !== current) {
        if (current !== 0) text.appendConstant(SEPARATOR);
        current = packet[row];
      }
      appendLine(lines, row);
    }
  });
}
