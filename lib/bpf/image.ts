import { recordLayout } from "../event/layout.ts";
import { LINEAGE } from "../event/lineage.ts";
import type { FunctionTable } from "./function_table.ts";
import type { ProgramsConfig } from "./programs_config.ts";
import { readBpfObject } from "./object_file.ts";
import { byPlaceholder, CALLS, fillPlaceholders, NUMBERS } from "./placeholders.ts";
import { withBody } from "./splice.ts";

/** How many homes there are for followed packets: HOME_BITS of tracked.h. */
const HOMES = 1 << 14;

/** The function in filter.h that becomes the expression. */
export const FILTER_FUNCTION = "ipft_filter";

/**
 * Makes the object that is loaded for a trace: a build of tracer.bpf.c with all numbers and the expression
 * in it, linked with the extension if there is one.
 */
export function makeImage(
  { btfIds, capabilities, filter, rings, sections = [], probes = [], followed, extension }:
    ProgramsConfig,
  table: FunctionTable,
): Uint8Array<ArrayBuffer> {
  const record = recordLayout(sections);
  const numbers = byPlaceholder(NUMBERS, {
    ...filter.numbers,
    hashShift: table.shift,
    rings: rings.fds.length,
    recordBytes: record.sizeBytes,
    follows: sections.includes(LINEAGE) ? 1 : 0,
    hasHomes: (followed ?? 0) >= HOMES ? 1 : 0,
    hasFetchAdd: capabilities.fetchAdd ? 1 : 0,
  });
  const offsets = Array.from(
    record.offsets,
    ([{ placeholder }, offset]) => [placeholder, offset] as const,
  );
  const ofProbes = probes.flatMap(({ numbers }) => [...numbers]);
  const elf = readBpfObject(extension ? "tracer_extension" : "tracer");
  fillPlaceholders(
    elf,
    new Map([...numbers, ...offsets, ...ofProbes]),
    byPlaceholder(CALLS, btfIds),
  );
  // After the placeholders, so that code of others stays as it is.
  const filtered = filter.expression ? withBody(elf, FILTER_FUNCTION, filter.expression) : elf;
  return extension ? extension(filtered) : filtered;
}
