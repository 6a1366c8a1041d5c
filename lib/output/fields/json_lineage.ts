import { type Constant, constant } from "../../base/constant.ts";
import {
  type LineageArrays,
  MATCHED,
  NO_PACKET,
  type Origin,
  ORIGINS,
} from "../../event/lineage.ts";
import type { TextBuffer } from "../text/text_buffer.ts";

/** The most bytes of a packet's number. */
const LONGEST_NUMBER_BYTES = 10;

/** The fields before and after the number of the relative. */
function fieldsOf(origin: Origin): readonly [before: string, after: string] {
  if (origin === "matched") return ["", ""];
  if (origin === "merged") return [`,"merged_into":`, ""];
  return [`,"parent":`, `,"packet_origin":"${origin}"`];
}

/** Says in JSON who the packet of an event is: fields between two others, or nothing where nobody knows. */
export class JsonLineage {
  readonly longestBytes: number;
  readonly #beforePacket: Constant;
  /** By origin: what stands around the number of the relative. */
  readonly #before: readonly Constant[];
  readonly #after: readonly Constant[];
  /** In place of all fields. */
  readonly #nothing: Constant;

  /**
   * @param before what ends the field before
   * @param after what begins the field after. They are a part of the constants, because each constant
   *   takes about as long as another number.
   */
  constructor(before: string, after: string) {
    const fields = ORIGINS.map(fieldsOf);
    this.#beforePacket = constant(`${before},"packet":`);
    this.#before = fields.map(([text]) => constant(text));
    this.#after = fields.map(([, text]) => constant(text + after));
    this.#nothing = constant(before + after);
    const longest = (texts: readonly Constant[]) =>
      Math.max(...texts.map(({ sizeBytes }) => sizeBytes));
    this.longestBytes = this.#beforePacket.sizeBytes + longest(this.#before) +
      longest(this.#after) + 2 * LONGEST_NUMBER_BYTES;
  }

  append(
    text: TextBuffer,
    { packet, relative, origin }: LineageArrays,
    row: number,
  ): void {
    if (packet[row] === NO_PACKET) return text.appendConstant(this.#nothing);
    text.appendConstant(this.#beforePacket);
    text.appendDecimal(packet[row]);
    const how = origin[row];
    if (how !== MATCHED) {
      text.appendConstant(this.#before[how]);
      text.appendDecimal(relative[row]);
    }
    text.appendConstant(this.#after[how]);
  }
}
