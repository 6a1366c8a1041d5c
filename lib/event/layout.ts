import type { Column, Columns } from "./column.ts";
import { EVENT } from "./event.ts";
import type { Section } from "./section.ts";

/** Where the value of a column is. */
export interface Place {
  /** Of the integer that holds it, from the start of the record or section. */
  readonly offsetBytes: number;
  /** Size of that integer, or of the bytes. */
  readonly sizeBytes: number;
  /** Its lowest bit in the integer. */
  readonly shift: number;
  readonly bits: number;
}

/** A C struct of some columns. */
export interface StructLayout {
  readonly places: ReadonlyMap<string, Place>;
  readonly sizeBytes: number;
}

/** Size of the integer in a record; a column of less than eight bits shares that of its neighbour. */
const TYPE_BYTES = { u8: 1, u16: 2, u32: 4, u64: 8, time: 8 } as const;

/** Records and sections begin at multiples of this. */
const ALIGNMENT_BYTES = 8;

/** Lays columns out as the C compiler does: each at a multiple of its size, bit fields side by side. */
export function structLayout(columns: Columns): StructLayout {
  const places = new Map<string, Place>();
  let end = 0;
  let open: Place | undefined;
  for (const [name, column] of Object.entries(columns)) {
    const used = open === undefined ? 0 : open.shift + open.bits;
    if (
      open !== undefined && column.bits !== undefined && used + column.bits <= open.sizeBytes * 8
    ) {
      open = { ...open, shift: used, bits: column.bits };
    } else {
      const sizeBytes = sizeOf(column);
      const alignment = column.type === "bytes" ? 1 : sizeBytes;
      const offsetBytes = aligned(end, alignment);
      end = offsetBytes + sizeBytes;
      open = { offsetBytes, sizeBytes, shift: 0, bits: column.bits ?? sizeBytes * 8 };
    }
    places.set(name, open);
    if (column.bits === undefined) open = undefined;
  }
  return { places, sizeBytes: aligned(end, ALIGNMENT_BYTES) };
}

function sizeOf({ type, sizeBytes = 0 }: Column): number {
  return type === "bytes" ? sizeBytes : TYPE_BYTES[type];
}

function aligned(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** Where the parts of a record are. */
export interface RecordLayout {
  readonly sizeBytes: number;
  /** From the start of the record, in bytes, by section. */
  readonly offsets: ReadonlyMap<Section, number>;
}

/** Lays out a record: `struct event`, then the sections, in their order. */
export function recordLayout(sections: readonly Section[]): RecordLayout {
  let end = structLayout(EVENT).sizeBytes;
  const offsets = new Map<Section, number>();
  for (const section of sections) {
    offsets.set(section, end);
    end += structLayout(section.columns).sizeBytes;
  }
  return { sizeBytes: end, offsets };
}
