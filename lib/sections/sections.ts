import type { Section } from "../event/section.ts";
import { META } from "./meta/meta.ts";

/** The sections that a trace can be asked for: one for each folder here. */
export const SECTIONS: readonly Section[] = [META];
