import assert from "node:assert/strict";
import { GROUP_EVENTS, type OpenFields } from "../../lib/event/fields.ts";
import { DATA_BYTES } from "../../lib/event/section.ts";

/** The length of the text of data that is all zeros. */
const ZERO_LENGTH = 5;

/** Data of an event whose text has so many characters; `rest` are its bytes from the fifth on. */
export function dataOfText(length: number, rest: ArrayLike<number> = []): Uint8Array {
  const data = new Uint8Array(DATA_BYTES);
  new DataView(data.buffer).setUint32(0, length ^ ZERO_LENGTH, true);
  data.set(rest, 4);
  return data;
}

/** The text that `FakeFields` dumps for an event's data. Not all of its characters are one byte long. */
export function textOfData(data: Uint8Array): string {
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true) ^ ZERO_LENGTH;
  const piece = `é${data.subarray(4).toHex()}`;
  return piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
}

/** What `TextFields` makes of the data. */
export function textFieldsOfData(data: Uint8Array): string {
  const text = textOfData(data);
  return text === "" ? "" : ` ${text}`;
}

/** What `JsonFields` makes of the data. */
export function jsonFieldsOfData(data: Uint8Array): string {
  return `,"dump":${JSON.stringify(textOfData(data))}`;
}

/** Opens readers that dump the text of each event, and remembers what they were given. */
export class FakeFields {
  /** The data of each event, call by call. */
  readonly calls: Uint8Array[][] = [];

  readonly open: OpenFields = (writer) => ({
    failures: 0,
    read: (data) => {
      const events = Array.from(
        { length: data.length / DATA_BYTES },
        (_, i) => data.slice(i * DATA_BYTES, (i + 1) * DATA_BYTES),
      );
      this.calls.push(events);
      for (const event of events) {
        const text = new TextEncoder().encode(textOfData(event));
        writer.dump(text, 0, text.length);
        writer.endEvent();
      }
    },
  });

  /** Asserts that readers got these events, each once and in this order, in as few calls as possible. */
  assertRead(events: readonly Uint8Array[], batchCount: number): void {
    const given = this.calls.flat();
    assert.equal(given.length, events.length);
    given.forEach((data, i) => assert.equal(data.toHex(), events[i].toHex(), `event ${i}`));
    assert.ok(this.calls.every(({ length }) => length > 0 && length <= GROUP_EVENTS));
    assert.ok(this.calls.length <= events.length / GROUP_EVENTS + batchCount);
  }
}
