import assert from "node:assert/strict";
import { GROUP_EVENTS, type OpenFields } from "../../lib/event/fields.ts";
import { DATA_BYTES } from "../../lib/event/section.ts";

/** Length of the text for data that is all zeros. */
const ZERO_LENGTH = 5;

/** Makes data whose text has so many characters. `rest` are the bytes from the fifth on. */
export function dataOfText(length: number, rest: ArrayLike<number> = []): Uint8Array {
  const data = new Uint8Array(DATA_BYTES);
  new DataView(data.buffer).setUint32(0, length ^ ZERO_LENGTH, true);
  data.set(rest, 4);
  return data;
}

/** Returns the text that `FakeFields` dumps for the data. Some of its characters are two bytes long. */
export function textOfData(data: Uint8Array): string {
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true) ^ ZERO_LENGTH;
  const piece = `é${data.subarray(4).toHex()}`;
  return piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
}

/** Returns that text as `TextFields` renders it. */
export function textFieldsOfData(data: Uint8Array): string {
  const text = textOfData(data);
  return text === "" ? "" : ` ${text}`;
}

/** Returns that text as `JsonFields` renders it. */
export function jsonFieldsOfData(data: Uint8Array): string {
  return `,"dump":${JSON.stringify(textOfData(data))}`;
}

/** Opens readers that dump a text for each event, and keeps the data that they read. */
export class FakeFields {
  /** The data of the events of each call. */
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
