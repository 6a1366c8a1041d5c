import { jsonString } from "../base/printable.ts";
import type { EventBatch } from "../event/batch.ts";
import { LINEAGE } from "../event/lineage.ts";
import { eventTexts } from "./fields/event_texts.ts";
import { JsonFields } from "./fields/json_fields.ts";
import { JsonLineage } from "./fields/json_lineage.ts";
import type { OutputFormat } from "./format.ts";
import type { Sink, SinkContext } from "./sink.ts";
import { compileLine, type Piece } from "./text/line.ts";
import { type Describe, type LineEnds, lineEnds } from "./text/line_ends.ts";
import { TextBuffer } from "./text/text_buffer.ts";

export const JSON_LINES: OutputFormat = {
  name: "json",
  description: "a line of JSON for each event, live",
  suffixes: [".json", ".jsonl", ".ndjson"],
  isLive: true,
  isForPeople: false,
  open: (context) => new JsonSink(context),
};

/** The fields before those of the function, in two parts. docs/json.schema.json has them all. */
const ID: readonly Piece[] = [`{"packet_id":"0x`, { column: "skb" }];
const ID_END = `"`, TIMESTAMP = `,"timestamp":`;
const TIME: readonly Piece[] = [{ column: "timestamp" }, `,"processor_id":`, { column: "cpu" }];

const START = compileLine([...ID, ID_END + TIMESTAMP, ...TIME]);
/** The same in traces that follow packets. */
const START_ID = compileLine(ID);
const LINEAGE_FIELDS = new JsonLineage(ID_END, TIMESTAMP);
const START_TIME = compileLine(TIME);

/** One JSON object a line for every event, in the order in which events come. */
export class JsonSink implements Sink {
  readonly #lineEnds: LineEnds;
  readonly #text: TextBuffer;

  constructor(context: SinkContext) {
    const { header, write } = context;
    const describe = (isReturn: boolean): Describe => ({ module, name }) => {
      const names = `"module":${jsonString(module)},"function":${jsonString(name)}`;
      return `,${names},"is_return":${isReturn}`;
    };
    const texts = eventTexts(context, () => new JsonFields());
    this.#lineEnds = lineEnds(header.functions, [describe(false), describe(true)], "}\n", texts);
    const longestLineBytes = START.longestBytes + LINEAGE_FIELDS.longestBytes +
      this.#lineEnds.longestBytes;
    this.#text = new TextBuffer(write, header.originNs, longestLineBytes);
  }

  write(batch: EventBatch): Promise<void> {
    return this.#text.writeLines(batch.length, (from, to) => this.#append(batch, from, to));
  }

  /** Every `write` has left nothing behind. */
  finish(): Promise<void> {
    return Promise.resolve();
  }

  /** Appends the rows from `from` up to `to`. */
  #append(batch: EventBatch, from: number, to: number): void {
    const text = this.#text, lineEnds = this.#lineEnds, { columns } = batch;
    const lineage = batch.section(LINEAGE);
    lineEnds.prepare(batch, from, to);
    for (let row = from; row < to; row++) {
      if (lineage === undefined) {
        START.append(text, columns, row);
      } else {
        START_ID.append(text, columns, row);
        LINEAGE_FIELDS.append(text, lineage, row);
        START_TIME.append(text, columns, row);
      }
      lineEnds.append(text, columns.functionIndex[row], columns.isReturn[row]);
    }
  }
}
