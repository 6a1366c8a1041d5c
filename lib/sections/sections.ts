import type { Section } from "../event/section.ts";

/** The sections that `--show` can ask for, in the order in which they are recorded. */
export const SECTIONS: readonly Section[] = [];
