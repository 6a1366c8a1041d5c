import { constant } from "../../base/constant.ts";
import type { ArraysOf } from "../../event/column.ts";
import { type LINEAGE, NO_PACKET, type Origin, ORIGINS } from "../../event/lineage.ts";
import type { TextBuffer } from "../text/text_buffer.ts";

const MATCHED = ORIGINS.indexOf("matched");

const PACKET = constant(`,"packet":`);

/** By origin: what stands before and after the number of the relative. */
const BEFORE = ORIGINS.map((origin) => constant(texts(origin)[0]));
const AFTER = ORIGINS.map((origin) => constant(texts(origin)[1]));

function texts(origin: Origin): readonly [before: string, after: string] {
  return origin === "merged" ? [`,"merged_into":`, ""] : [`,"parent":`, `,"origin":"${origin}"`];
}

/** The digits of a 32-bit number. */
const LONGEST_NUMBER_BYTES = 10;

/** The most bytes that `appendJsonLineage` appends. */
export const JSON_LINEAGE_BYTES = PACKET.sizeBytes + 2 * LONGEST_NUMBER_BYTES +
  Math.max(...ORIGINS.map((_, i) => BEFORE[i].sizeBytes + AFTER[i].sizeBytes));

/** Appends who the packet of an event is; nothing where nobody knows. Goes between two fields of an object. */
export function appendJsonLineage(
  text: TextBuffer,
  { packet, relative, origin }: ArraysOf<typeof LINEAGE.columns>,
  row: number,
): void {
  if (packet[row] === NO_PACKET) return;
  text.appendConstant(PACKET);
  text.appendDecimal(packet[row]);
  const how = origin[row];
  if (how === MATCHED) return;
  text.appendConstant(BEFORE[how]);
  text.appendDecimal(relative[row]);
  text.appendConstant(AFTER[how]);
}
