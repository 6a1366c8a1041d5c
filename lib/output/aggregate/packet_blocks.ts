import { constant } from "../../base/constant.ts";
import type { EventStore } from "../../analysis/event_store.ts";
import { EventBatch } from "../../event/batch.ts";
import { GROUP_EVENTS } from "../../event/fields.ts";
import type { Section } from "../../event/section.ts";
import type { LineEnds } from "../text/line_ends.ts";
import type { TextBuffer } from "../text/text_buffer.ts";

const SEPARATOR = constant("===\n");

/** The most that `writeBlocks` appends for a line besides the line. */
export const SEPARATOR_BYTES = SEPARATOR.sizeBytes;

/**
 * Writes one block of lines per packet, blocks separated by `===`.
 * @param byPacket the events, packet after packet
 * @param sections those of the trace
 * @param ends prepared here, so that `appendLine` may end a line with them
 * @param appendLine appends the line of an event, which is row `row` of `batch`
 */
export function writeBlocks(
  text: TextBuffer,
  events: EventStore<"packet">,
  byPacket: Uint32Array,
  sections: readonly Section[],
  ends: LineEnds,
  appendLine: (event: number, batch: EventBatch, row: number) => void,
): Promise<void> {
  const batch = new EventBatch(GROUP_EVENTS, sections);
  const { packet } = batch.columns;
  let current = 0;
  return text.writeLines(byPacket.length, (from, to) => {
    const group = byPacket.subarray(from, to);
    events.gather(group, batch);
    ends.prepare(batch, 0, group.length);
    for (let row = 0; row < group.length; row++) {
      if (packet[row] !== current) {
        if (current !== 0) text.appendConstant(SEPARATOR);
        current = packet[row];
      }
      appendLine(group[row], batch, row);
    }
  });
}
