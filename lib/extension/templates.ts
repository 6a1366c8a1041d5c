/** What `ipft --gen` prints: files to begin an extension with. */
import type { TemplateName } from "../cli/options.ts";
import EXTENSION from "./templates/extension.bpf.c" with { type: "text" };
import IPFT_H from "./templates/ipft.h" with { type: "text" };
import SCRIPT from "./templates/script.lua" with { type: "text" };

export const TEMPLATES: Readonly<Record<TemplateName, string>> = {
  "bpf-module-skeleton": EXTENSION,
  "bpf-module-header": IPFT_H,
  "lua-script": SCRIPT,
};
