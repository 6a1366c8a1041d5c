import { DATA_BYTES } from "../event/event.ts";
import type { IpftError } from "../base/errors.ts";
import { ByteBuilder } from "../base/byte_builder.ts";
import type { DataFormatter, FormattedData } from "../event/data_formatter.ts";
import { LuaError, type LuaValue } from "./lua_value.ts";
import { scriptError } from "./script_error.ts";
import type { Sandbox } from "./sandbox.ts";

/** What a line is part of: a table for people, or JSON. */
export type LineFormat = "text" | "json";

/** How much `dump` or `decode` may run for one event: some milliseconds. */
const INSTRUCTIONS = 1_000_000;

/**
 * A function that was stopped this often, for its time or for its memory, is not called again: each time
 * takes as long as many thousand events.
 */
const STOPS = 10;

/** Makes the ends of lines with a script's `dump` or `decode`. */
export class LuaFormatter implements DataFormatter {
  readonly #sandbox: Sandbox;
  readonly #name: "dump" | "decode";
  readonly #isJson: boolean;
  readonly #onFirstError: (error: IpftError) => void;
  readonly #marks: Marks;
  /** By the number that batch.lua gives them. */
  readonly #shapes: Shape[] = [];
  readonly #text = new ByteBuilder();
  #ends = new Uint32Array(0);
  #failures = 0;
  #stops = 0;

  /** @param onFirstError told of the first error */
  constructor(
    sandbox: Sandbox,
    name: "dump" | "decode",
    format: LineFormat,
    onFirstError: (error: IpftError) => void,
  ) {
    this.#sandbox = sandbox;
    this.#name = name;
    this.#isJson = format === "json";
    this.#marks = marks(name, this.#isJson);
    this.#onFirstError = onFirstError;
  }

  /** For how many events the function has failed. */
  get failures(): number {
    return this.#failures;
  }

  /** An event whose function fails gets a text that says so. */
  format(data: Uint8Array<ArrayBuffer>): FormattedData {
    const count = data.length / DATA_BYTES;
    if (this.#ends.length < count) this.#ends = new Uint32Array(count);
    this.#text.clear();
    try {
      this.#run(data, count);
      if (this.#name === "dump") this.#appendTexts(count);
      else this.#appendTables(count);
    } catch (error) {
      // The virtual machine is of no use any more, and the results of this batch are in there.
      if (!(error instanceof LuaError)) throw error;
      this.#note(error, count);
      this.#text.clear();
      const message = encoder.encode(oneLine(error.message));
      for (let i = 0; i < count; i++) {
        this.#appendFailure(message, 0, message.length);
        this.#ends[i] = this.#text.length;
      }
    }
    return { bytes: this.#text.bytes, ends: this.#ends.subarray(0, count) };
  }

  /** Runs the function for all events; its results wait in the virtual machine. */
  #run(data: Uint8Array, count: number): void {
    const { vm, batch } = this.#sandbox;
    vm.call(batch.begin, [data]);
    const run = this.#name === "dump" ? batch.runDump : batch.runDecode;
    for (let event = 1; event <= count; event++) {
      if (this.#stops < STOPS) {
        try {
          this.#sandbox.call(run, [event, count], INSTRUCTIONS);
          return;
        } catch (error) {
          if (!(error instanceof LuaError) || error.failure === "crash") throw error;
          this.#note(error, 1);
          event = vm.progress;
          vm.call(batch.fail, [event, oneLine(error.message)]);
        }
      } else {
        this.#failures++;
        vm.call(batch.fail, [event, `not called any more, after ${STOPS} calls without end`]);
      }
    }
  }

  /** What batch.lua's `take_texts` returns, once each result is what it must be. */
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

  /** Appends what `dump` returned for each event. */
  #appendTexts(count: number): void {
    const [texts, numbers] = this.#takeTexts();
    const failures = new Set(new Int32Array(numbers.buffer));
    let start = 0;
    for (let i = 0; i < count; i++) {
      const size = texts[start] | texts[start + 1] << 8 | texts[start + 2] << 16 |
        texts[start + 3] << 24;
      start += 4;
      const end = start + size;
      if (failures.size > 0 && failures.has(i + 1)) {
        this.#appendFailure(texts, start, end);
      } else {
        // An empty text leaves no space at the end of a table's line.
        if (size > 0 || this.#isJson) this.#text.append(this.#marks.dump);
        this.#appendValue(texts, start, end);
      }
      this.#ends[i] = this.#text.length;
      start = end;
    }
  }

  /** Appends what `decode` returned for each event. */
  #appendTables(count: number): void {
    const { vm, batch } = this.#sandbox;
    const results = new Results(vm.call(batch.takeFields, []).map(bytesOf));
    for (let i = 0; i < count; i++) {
      const shape = results.integer();
      if (shape < 0) {
        const start = results.skip(~shape);
        this.#appendFailure(results.texts, start, start + ~shape);
      } else {
        this.#appendFields(results, this.#shapes[shape] ??= this.#readShape(shape));
      }
      this.#ends[i] = this.#text.length;
    }
  }

  #note(error: LuaError, events: number): void {
    if (this.#failures === 0) {
      const remedy = "the lines of such events say so, and the summary counts them";
      this.#onFirstError(scriptError(this.#name, error, remedy));
    }
    this.#failures += events;
    if (error.failure === "budget" || error.failure === "memory") this.#stops++;
  }

  #appendFields(results: Results, shape: Shape): void {
    if (shape.length === 0) return;
    this.#text.append(this.#marks.fields);
    for (const key of shape) {
      this.#text.append(key);
      const size = results.integer();
      if (size < 0) {
        this.#appendNumber(results.number());
      } else {
        const start = results.skip(size);
        this.#appendValue(results.texts, start, start + size);
      }
    }
    this.#text.append(this.#marks.end);
  }

  #appendNumber(value: number): void {
    if (Number.isFinite(value)) return this.#text.appendAscii(String(value));
    const name = Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"; // as Lua shows them
    this.#text.appendAscii(this.#isJson ? `"${name}"` : name);
  }

  /** What batch.lua's `keys_of` says of a shape. */
  #readShape(number: number): Shape {
    const { vm, batch } = this.#sandbox;
    const [packed] = vm.call(batch.keysOf, [number]).map(bytesOf);
    const keys: Uint8Array[] = [];
    for (let at = 0; at < packed.length;) {
      const size = new DataView(packed.buffer).getUint32(at, true);
      const key = new ByteBuilder();
      key.append(this.#marks.field);
      if (this.#isJson) key.appendJson(packed, at + 4, at + 4 + size);
      else key.append(packed, at + 4, at + 4 + size);
      key.append(this.#marks.colon);
      keys.push(key.bytes);
      at += 4 + size;
    }
    return keys;
  }

  #appendFailure(message: Uint8Array, start: number, end: number): void {
    this.#text.append(this.#marks.failure);
    this.#appendValue(message, start, end);
    this.#text.append(this.#marks.failureEnd);
  }

  #appendValue(texts: Uint8Array, start: number, end: number): void {
    if (this.#isJson) this.#text.appendJson(texts, start, end);
    else this.#text.append(texts, start, end);
  }
}

/** The keys of a table as they stand before its values: ` key: `, or `,"key":`. */
type Shape = readonly Uint8Array[];

/** A reader of what batch.lua's `take_fields` returns. */
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

  /** Where the next text begins, which is of `size` bytes. */
  skip(size: number): number {
    const start = this.#text;
    this.#text += size;
    return start;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

type Marks = ReturnType<typeof marks>;

/** What stands between values, in UTF-8. */
function marks(name: string, isJson: boolean) {
  const bytes = (json: string, text: string) => encoder.encode(isJson ? json : text);
  return {
    dump: bytes(`,"dump":`, " "),
    fields: bytes("", " ("),
    field: bytes(",", " "),
    colon: bytes(":", ": "),
    end: bytes("", " )"),
    failure: bytes(`,"${name}_error":`, ` (${name} failed: `),
    failureEnd: bytes("", ")"),
  };
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, " ");
}

function bytesOf(value: LuaValue): Uint8Array<ArrayBuffer> {
  if (value.type === "string") return value.bytes;
  throw new Error(`ipft's own Lua code returned ${value.type}`);
}
