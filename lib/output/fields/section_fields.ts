import { unsigned64 } from "../../base/integer.ts";
import type { Arrays, ArraysOf, Column, Columns, ColumnType } from "../../event/column.ts";
import type { FieldWriter } from "../../event/fields.ts";
import type { Section } from "../../event/section.ts";

/** Writes a field of a section: its name and the value of a row. */
export type SectionField = (arrays: ArraysOf<Columns>, row: number) => void;

/** Makes the fields of a section from the declarations of its columns. */
export function sectionFields({ columns }: Section, writer: FieldWriter): SectionField[] {
  return Object.entries(columns).map(([name, column]) => {
    const key = writer.encodeName(new TextEncoder().encode(name));
    const write = valueWriter(column, writer);
    return (arrays, row) => {
      writer.field(key);
      write(arrays[name], row);
    };
  });
}

function valueWriter(
  { type, notation }: Column,
  writer: FieldWriter,
): (values: Arrays[ColumnType], row: number) => void {
  const isHexadecimal = notation === "hexadecimal";
  switch (type) {
    case "u64":
      if (isHexadecimal) return (v, row) => writer.pointer(v[2 * row + 1], v[2 * row]);
      return (v, row) => writer.integer(unsigned64(v[2 * row], v[2 * row + 1]));
    case "bytes":
      throw new Error("a section cannot show bytes without a type");
    default:
      return isHexadecimal
        ? (v, row) => writer.hexadecimal(v[row], 32)
        : (v, row) => writer.integer(v[row]);
  }
}
