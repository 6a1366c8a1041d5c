import type { IpftError } from "../base/errors.ts";
import { joinedLines } from "../base/printable.ts";
import type { Encoded, FieldReader, FieldWriter } from "../event/fields.ts";
import { DATA_BYTES } from "../event/section.ts";
import { LuaError, type LuaValue } from "./lua_value.ts";
import type { Sandbox } from "./sandbox.ts";
import { scriptError } from "./script_error.ts";

/** How many instructions `dump` or `decode` may run for one event: some milliseconds. */
const BUDGET = { instructions: 1_000_000, rounds: 100_000_000, isEvent: true };

/**
 * How often a function may be stopped, for its time or its memory, before it is not called any more: each
 * time takes as long as many thousand events.
 */
const STOPS = 10;

/** So many encoded keys are remembered: some hundred kilobytes. */
const MOST_KEYS = 4096;

/** Reads fields with a script's `dump` or `decode`. */
export class LuaReader implements FieldReader {
  readonly #sandbox: Sandbox;
  readonly #name: "dump" | "decode";
  readonly #writer: FieldWriter;
  readonly #onError: (error: IpftError) => void;
  /** By the numbers that batch.lua gives them, in one generation. Those that are missing are read again. */
  #shapes: Shape[] = [];
  #generation = 0;
  #keys = 0;
  /** How many events of the current batch are complete in the writer. */
  #written = 0;
  #failures = 0;
  #stops = 0;

  /** @param onError called with the reader's first error */
  constructor(
    sandbox: Sandbox,
    name: "dump" | "decode",
    writer: FieldWriter,
    onError: (error: IpftError) => void,
  ) {
    this.#sandbox = sandbox;
    this.#name = name;
    this.#writer = writer;
    this.#onError = onError;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Where the function fails for an event, its failure takes the place of the fields. */
  read(data: Uint8Array<ArrayBuffer>): void {
    const count = data.length / DATA_BYTES;
    this.#written = 0;
    try {
      this.#run(data, count);
      if (this.#name === "dump") this.#writeTexts(count);
      else this.#writeTables(count);
    } catch (error) {
      // The virtual machine cannot be used any more, and the results of this batch are lost with it.
      if (!(error instanceof LuaError)) throw error;
      this.#note(error, count - this.#written);
      const message = encoder.encode(joinedLines(error.message));
      while (this.#written < count) {
        this.#writer.failure(this.#name, message, 0, message.length);
        this.#endEvent();
      }
    }
  }

  /** Runs the function for all events. Its results stay in the virtual machine. */
  #run(data: Uint8Array, count: number): void {
    const { vm, batch } = this.#sandbox;
    const [generation] = vm.call(batch.begin, [data]);
    if (generation.type === "integer" && generation.value !== this.#generation) {
      this.#generation = generation.value;
      this.#forgetShapes();
    }
    const run = this.#name === "dump" ? batch.runDump : batch.runDecode;
    for (let event = 1; event <= count; event++) {
      if (this.#stops < STOPS) {
        try {
          this.#sandbox.call(run, [event, count], BUDGET);
          return;
        } catch (error) {
          if (!(error instanceof LuaError) || error.failure === "crash") throw error;
          this.#note(error, 1);
          event = vm.progress;
          vm.call(batch.fail, [event, joinedLines(error.message)]);
        }
      } else {
        this.#failures++;
        vm.call(batch.fail, [event, `not called any more: it was stopped ${STOPS} times`]);
      }
    }
  }

  /** Returns what `take_texts` of batch.lua returns, after events with a wrong result have failed. */
  #takeTexts(): Uint8Array<ArrayBuffer>[] {
    const { vm, batch } = this.#sandbox;
    for (;;) {
      try {
        return vm.call(batch.takeTexts, []).map(bytesOf);
      } catch (error) {
        const [event, message] = vm.call(batch.findBadResult, []);
        if (!(error instanceof LuaError) || event?.type !== "integer") throw error;
        const text = decoder.decode(bytesOf(message));
        this.#note(new LuaError("error", text), 1);
        vm.call(batch.fail, [event.value, text]);
      }
    }
  }

  /** Writes what `dump` has returned for each event. */
  #writeTexts(count: number): void {
    const [texts, numbers] = this.#takeTexts();
    const failures = new Set(new Int32Array(numbers.buffer));
    let start = 0;
    for (let i = 0; i < count; i++) {
      const size = texts[start] | texts[start + 1] << 8 | texts[start + 2] << 16 |
        texts[start + 3] << 24;
      start += 4;
      const end = start + size;
      if (failures.size > 0 && failures.has(i + 1)) {
        this.#writer.failure("dump", texts, start, end);
      } else {
        this.#writer.dump(texts, start, end);
      }
      this.#endEvent();
      start = end;
    }
  }

  /** Writes the tables that `decode` has returned. */
  #writeTables(count: number): void {
    const { vm, batch } = this.#sandbox;
    const results = new Results(vm.call(batch.takeFields, []).map(bytesOf));
    for (let i = 0; i < count; i++) {
      const shape = results.integer();
      if (shape < 0) {
        const start = results.skip(~shape);
        this.#writer.failure("decode", results.texts, start, start + ~shape);
      } else {
        this.#writeTable(results, this.#shapes[shape] ??= this.#readShape(shape));
      }
      this.#endEvent();
    }
  }

  #writeTable(results: Results, shape: Shape): void {
    const writer = this.#writer;
    for (const key of shape) {
      writer.field(key);
      const size = results.integer();
      if (size < 0) {
        writer.number(results.number());
      } else {
        const start = results.skip(size);
        writer.text(results.texts, start, start + size);
      }
    }
  }

  /** Encodes what `keys_of` of batch.lua returns for a shape. */
  #readShape(number: number): Shape {
    const { vm, batch } = this.#sandbox;
    if (this.#keys > MOST_KEYS) this.#forgetShapes();
    const [packed] = vm.call(batch.keysOf, [number]).map(bytesOf);
    const view = new DataView(packed.buffer);
    const keys: Encoded[] = [];
    for (let at = 0; at < packed.length;) {
      const end = at + 4 + view.getUint32(at, true);
      keys.push(this.#writer.encodeName(packed.subarray(at + 4, end)));
      at = end;
    }
    this.#keys += keys.length;
    return keys;
  }

  #forgetShapes(): void {
    this.#shapes = [];
    this.#keys = 0;
  }

  #endEvent(): void {
    this.#writer.endEvent();
    this.#written++;
  }

  #note(error: LuaError, events: number): void {
    if (this.#failures === 0) {
      const remedy = "the lines of such events say so, and the summary counts them";
      this.#onError(scriptError(this.#name, error, remedy));
    }
    this.#failures += events;
    if (error.failure === "budget" || error.failure === "memory") this.#stops++;
  }
}

/** The encoded keys of a table, in their order. */
type Shape = readonly Encoded[];

/** Reads what `take_fields` of batch.lua returns. */
class Results {
  readonly texts: Uint8Array;
  readonly #sizes: Int32Array;
  readonly #numbers: Float64Array;
  #size = 0;
  #text = 0;
  #number = 0;

  constructor([texts, sizes, numbers]: readonly Uint8Array<ArrayBuffer>[]) {
    this.texts = texts;
    this.#sizes = new Int32Array(sizes.buffer);
    this.#numbers = new Float64Array(numbers.buffer);
  }

  integer(): number {
    return this.#sizes[this.#size++];
  }

  number(): number {
    return this.#numbers[this.#number++];
  }

  /** Skips the next text, which has `size` bytes. Returns where it begins. */
  skip(size: number): number {
    const start = this.#text;
    this.#text += size;
    return start;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function bytesOf(value: LuaValue): Uint8Array<ArrayBuffer> {
  if (value.type === "string") return value.bytes;
  throw new Error(`ipft's own Lua code returned ${value.type}`);
}
