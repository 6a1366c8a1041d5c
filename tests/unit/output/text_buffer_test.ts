import assert from "node:assert/strict";
import { GROUP_EVENTS } from "../../../lib/event/fields.ts";
import { constant } from "../../../lib/base/constant.ts";
import { TextBuffer } from "../../../lib/output/text/text_buffer.ts";

const LINE = constant("0123456789\n");

/** A buffer, and the sizes of what it has written. */
function countingBuffer(): { text: TextBuffer; sizes: number[] } {
  const sizes: number[] = [];
  const text = new TextBuffer(
    (bytes) => {
      sizes.push(bytes.length);
      return Promise.resolve();
    },
    0n,
    LINE.sizeBytes,
  );
  return { text, sizes };
}

Deno.test("TextBuffer takes a whole group of lines after bytes of any length", async () => {
  // From below to above the size that the buffer begins with, and far beyond.
  const lengths = Array.from({ length: 1000 }, (_, i) => 256 * 1024 - 100 + i * 7);
  for (const length of [0, 1, ...lengths, 3_000_000]) {
    const source = new Uint8Array(length + 2).fill(1);
    source[length] = 2;
    let seen = new Uint8Array();
    const text = new TextBuffer(
      (bytes) => {
        seen = bytes.slice();
        return Promise.resolve();
      },
      0n,
      LINE.sizeBytes,
    );
    await text.writeLines(GROUP_EVENTS, (from, to) => {
      text.append(source, 1, length + 1);
      for (let line = from; line < to; line++) text.appendConstant(LINE);
    });
    const end = new TextDecoder().decode(seen.subarray(length));
    assert.ok(end === "0123456789\n".repeat(GROUP_EVENTS), `after ${length} bytes`);
    assert.equal(seen.lastIndexOf(2), length - 1);
  }
});

Deno.test("TextBuffer.writeLines asks for groups, and writes what they add up to", async () => {
  const { text, sizes } = countingBuffer();
  for (const count of [0, 1, GROUP_EVENTS, GROUP_EVENTS + 1, 100_000]) {
    let next = 0;
    sizes.length = 0;
    await text.writeLines(count, (from, to) => {
      assert.equal(from, next);
      assert.ok(to > from && to - from <= GROUP_EVENTS);
      for (next = from; next < to; next++) text.appendConstant(LINE);
    });
    assert.equal(next, count);
    assert.equal(sizes.reduce((sum, size) => sum + size, 0), count * LINE.sizeBytes);
  }
  assert.ok(sizes.length > 2 && sizes.length < 10, `${sizes.length} pieces`);
});

Deno.test("TextBuffer does not write again what could not be written", async () => {
  let attempts = 0;
  const failing = () => {
    attempts++;
    return Promise.reject(new Deno.errors.BrokenPipe());
  };
  const text = new TextBuffer(failing, 0n, LINE.sizeBytes);
  const writing = text.writeLines(100_000, (from, to) => {
    for (let line = from; line < to; line++) text.appendConstant(LINE);
  });
  await assert.rejects(writing, Deno.errors.BrokenPipe);
  assert.equal(attempts, 1);
});
