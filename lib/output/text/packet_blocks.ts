import { CHUNK_BITS, CHUNK_MASK, type EventChunk, type EventStore } from "../../analysis/event_store.ts";
import type { LineEnds } from "./line_ends.ts";
import type { Packets } from "../../analysis/split_packets.ts";
import { constant, type TextBuffer } from "./text_buffer.ts";

const SEPARATOR = constant("===\n");

/** What `writeBlocks` appends at most besides the lines, for each of them. */
export const SEPARATOR_BYTES = SEPARATOR.sizeBytes;

/**
 * Writes one block of lines per packet, blocks separated by `===`.
 * @param ends prepared here, so that `appendLine` may end a line with them
 * @param appendLine appends the line of an event, row `at` of `chunk`; only the first of a packet has to
 *   have one, unless there is a formatter
 */
export function writeBlocks(
  text: TextBuffer,
  events: EventStore,
  { byPacket, packetOf }: Packets,
  ends: LineEnds,
  appendLine: (event: number, chunk: EventChunk, at: number) => void,
): Promise<void> {
  let packet = 0;
  return text.writeLines(byPacket.length, (from, to) => {
    ends.prepare(to - from, events.dataOf(byPacket.subarray(from, to)));
    for (let i = from; i < to; i++) {
      const event = byPacket[i];
      if (packetOf[event] !== packet) text.constant(SEPARATOR);
      packet = packetOf[event];
      appendLine(event, events.chunks[event >>> CHUNK_BITS], event & CHUNK_MASK);
    }
  });
}
