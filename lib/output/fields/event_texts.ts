import type { EventBatch } from "../../event/batch.ts";
import type { ArraysOf, Columns } from "../../event/column.ts";
import {
  type Encoded,
  type FieldReader,
  type FieldWriter,
  GROUP_EVENTS,
} from "../../event/fields.ts";
import { LINEAGE } from "../../event/lineage.ts";
import { DATA, DATA_BYTES, type Section } from "../../event/section.ts";
import type { SinkContext } from "../sink.ts";
import type { TextBuffer } from "../text/text_buffer.ts";
import { type SectionField, sectionFields } from "./section_fields.ts";

/** A writer whose fields become the text of a line. */
export interface TextWriter extends FieldWriter {
  /** Forgets the texts of all events. */
  clear(): void;
  /** The texts of the events since `clear`, one after the other; valid until then. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** By event: where its text ends in `bytes`; it begins where the one before it ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

/** What a reader gets where no extension has collected anything. */
const NO_DATA = new Uint8Array(GROUP_EVENTS * DATA_BYTES);

/** The texts of some events: each of them ends a line, or a part of one. */
export abstract class EventTexts {
  readonly #writer: TextWriter;
  /** The texts that are prepared, and where each of them ends. */
  #bytes = new Uint8Array();
  #ends = new Uint32Array();
  /** The next text, and where it begins. */
  #next = 0;
  #position = 0;

  constructor(writer: TextWriter) {
    this.#writer = writer;
  }

  /** Makes the texts of the rows from `from` up to `to`, `GROUP_EVENTS` at most. */
  prepare(batch: EventBatch, from: number, to: number): void {
    this.#writer.clear();
    this.#next = 0;
    this.#position = 0;
    this.write(batch, from, to);
    this.#bytes = this.#writer.bytes;
    this.#ends = this.#writer.ends;
  }

  /** Writes the fields of these rows. */
  protected abstract write(batch: EventBatch, from: number, to: number): void;

  appendNext(text: TextBuffer): void {
    const start = this.#position;
    this.#position = this.#ends[this.#next++];
    text.append(this.#bytes, start, this.#position);
  }
}

/** What an extension makes of the events' data. */
class ExtensionTexts extends EventTexts {
  readonly #reader: FieldReader;

  constructor(writer: TextWriter, reader: FieldReader) {
    super(writer);
    this.#reader = reader;
  }

  protected override write(batch: EventBatch, from: number, to: number): void {
    const words = batch.section(DATA)?.bytes;
    this.#reader.read(
      words === undefined
        ? NO_DATA.subarray(0, (to - from) * DATA_BYTES)
        : new Uint8Array(words.buffer, from * DATA_BYTES, (to - from) * DATA_BYTES),
    );
  }
}

/** The sections that the trace was asked for: each a field with fields of its own. */
class SectionTexts extends EventTexts {
  readonly #writer: TextWriter;
  readonly #sections: readonly { section: Section; name: Encoded; fields: SectionField[] }[];

  constructor(writer: TextWriter, sections: readonly Section[]) {
    super(writer);
    this.#writer = writer;
    this.#sections = sections.map((section) => ({
      section,
      name: writer.encodeName(encoder.encode(section.name)),
      fields: sectionFields(section, writer),
    }));
  }

  protected override write(batch: EventBatch, from: number, to: number): void {
    const writer = this.#writer;
    for (let row = from; row < to; row++) {
      for (const { section, name, fields } of this.#sections) {
        const arrays = batch.section(section) as ArraysOf<Columns>;
        writer.field(name);
        writer.beginStruct();
        for (const write of fields) write(arrays, row);
        writer.endStruct();
      }
      writer.endEvent();
    }
  }
}

/**
 * The texts that the lines of a trace have besides the function: those of its sections, then those of
 * the extension.
 * @param makeWriter makes a writer of the sink's format
 */
export function eventTexts(
  { header, openFields }: SinkContext,
  makeWriter: () => TextWriter,
): EventTexts[] {
  const texts: EventTexts[] = [];
  const sections = header.sections.filter((section) => section !== DATA && section !== LINEAGE);
  if (sections.length > 0) texts.push(new SectionTexts(makeWriter(), sections));
  if (openFields !== undefined) {
    const writer = makeWriter();
    texts.push(new ExtensionTexts(writer, openFields(writer)));
  }
  return texts;
}
