import type { Section } from "../event/section.ts";
import { META } from "./meta/meta.ts";

/**
 * The sections that `--show` can ask for, in the order in which they are recorded: one for each folder here.
 */
export const SECTIONS: readonly Section[] = [META];
