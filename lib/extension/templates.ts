/** Files to begin an extension with, which `ipft --gen` prints. */
import EXTENSION from "./templates/extension.bpf.c" with { type: "text" };
import IPFT_H from "./templates/ipft.h" with { type: "text" };
import SCRIPT from "./templates/script.lua" with { type: "text" };

export const TEMPLATES = {
  "bpf-module-skeleton": EXTENSION,
  "bpf-module-header": IPFT_H,
  "lua-script": SCRIPT,
} as const;

export type TemplateName = keyof typeof TEMPLATES;

export const TEMPLATE_NAMES = Object.keys(TEMPLATES) as readonly TemplateName[];
