import assert from "node:assert/strict";
import { DATA_BYTES } from "../../lib/event/event.ts";
import type { DataFormatter, FormattedData } from "../../lib/event/data_formatter.ts";
import { GROUP_LINES } from "../../lib/output/text/text_buffer.ts";

/** Zeros have a text, too. */
const ZERO_LENGTH = 5;

/** Data of an event, from its fifth byte on `rest`, with a text of so many characters. */
export function dataOfText(length: number, rest: ArrayLike<number> = []): Uint8Array {
  const data = new Uint8Array(DATA_BYTES);
  new DataView(data.buffer).setUint32(0, length ^ ZERO_LENGTH, true);
  data.set(rest, 4);
  return data;
}

/** The text of an event's data; not all of its characters are one byte long. */
export function textOfData(data: Uint8Array): string {
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true) ^ ZERO_LENGTH;
  const piece = `é${data.subarray(4).toHex()}`;
  return piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
}

/** A formatter that is no better than its contract: a call spoils what the one before returned. */
export class FakeFormatter implements DataFormatter {
  readonly failures = 0;
  /** The data of each event, call by call. */
  readonly calls: Uint8Array[][] = [];
  #last: FormattedData = { bytes: new Uint8Array(), ends: new Uint32Array() };

  format(data: Uint8Array): FormattedData {
    this.#last.bytes.fill("!".charCodeAt(0));
    this.#last.ends.fill(0);
    const events = Array.from(
      { length: data.length / DATA_BYTES },
      (_, i) => data.slice(i * DATA_BYTES, (i + 1) * DATA_BYTES),
    );
    this.calls.push(events);
    const texts = events.map((event) => new TextEncoder().encode(textOfData(event)));
    let end = 0;
    const ends = Uint32Array.from(texts, ({ length }) => end += length);
    const bytes = new Uint8Array(end);
    texts.forEach((text, i) => bytes.set(text, ends[i] - text.length));
    return this.#last = { bytes, ends };
  }

  /** Asserts that it was given these events, each once and in this order, in as few calls as may be. */
  assertFormatted(events: readonly Uint8Array[], batchCount: number): void {
    const given = this.calls.flat();
    assert.equal(given.length, events.length);
    given.forEach((data, i) => assert.equal(data.toHex(), events[i].toHex(), `event ${i}`));
    assert.ok(this.calls.every(({ length }) => length > 0 && length <= GROUP_LINES));
    assert.ok(this.calls.length <= events.length / GROUP_LINES + batchCount);
  }
}
