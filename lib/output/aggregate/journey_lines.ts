import type { EventBatch } from "../../event/batch.ts";
import { LINEAGE, type LineageArrays, MATCHED } from "../../event/lineage.ts";
import type { Section } from "../../event/section.ts";
import {
  appendNewline,
  appendNote,
  appendNumber,
  LONGEST_NOTE_BYTES,
  longestNumberBytes,
  NUMBER_WIDTH,
  numberHeading,
} from "../text/packet_text.ts";
import type { TextBuffer } from "../text/text_buffer.ts";

/**
 * What the lines of a journey's block have besides: the number of the packet, and where a packet is new in
 * the block, what it came from. It remembers what it has said in the block.
 */
export class JourneyLines {
  /** Of the column of numbers: wide enough for all that it has seen. */
  #width = NUMBER_WIDTH;
  #batch?: EventBatch;
  #lineage!: LineageArrays;
  #journey = 0;
  /** By packet: what its latest note in the block says. */
  readonly #noted = new Map<number, number>();

  /** Makes them for the traces that follow packets; others have none. */
  static for(sections: readonly Section[]): JourneyLines | undefined {
    return sections.includes(LINEAGE) ? new JourneyLines() : undefined;
  }

  /** Sees events whose lines will be written. */
  see(batch: EventBatch): void {
    const { packet } = batch.section(LINEAGE)!;
    let highest = 0;
    for (let row = 0; row < batch.length; row++) {
      if (packet[row] > highest) highest = packet[row];
    }
    this.#width = Math.max(this.#width, String(highest).length);
  }

  /** Stands behind the headings of the first columns. */
  get heading(): string {
    return ` ${numberHeading(this.#width)}`;
  }

  /** The most bytes that it appends to a line. */
  get longestBytes(): number {
    return 1 + longestNumberBytes(this.#width) + LONGEST_NOTE_BYTES;
  }

  /** Appends the number of the packet, behind the first columns. */
  appendNumber(text: TextBuffer, batch: EventBatch, row: number): void {
    const SPACE = 0x20;
    text.appendByte(SPACE);
    appendNumber(text, this.#of(batch).packet[row], this.#width);
  }

  /** Ends a line. */
  end(text: TextBuffer, batch: EventBatch, row: number): void {
    const lineage = this.#of(batch);
    if (lineage.origin[row] !== MATCHED && this.#isNews(batch, lineage, row)) {
      appendNote(text, lineage, row);
    }
    appendNewline(text);
  }

  #isNews(
    { columns }: EventBatch,
    { packet, relative, origin }: LineageArrays,
    row: number,
  ): boolean {
    if (columns.packet[row] !== this.#journey) {
      this.#journey = columns.packet[row];
      this.#noted.clear();
    }
    const note = relative[row] * 256 + origin[row];
    if (this.#noted.get(packet[row]) === note) return false;
    this.#noted.set(packet[row], note);
    return true;
  }

  #of(batch: EventBatch): LineageArrays {
    if (batch !== this.#batch) {
      this.#batch = batch;
      this.#lineage = batch.section(LINEAGE)!;
    }
    return this.#lineage;
  }
}
