import EXTENSION from "./templates/extension.bpf.c" with { type: "text" };
import IPFT_H from "./templates/ipft.h" with { type: "text" };
import SCRIPT from "./templates/script.lua" with { type: "text" };

/** Files to begin an extension with, by the names that `ipft --gen` knows them by. */
export const TEMPLATES = {
  "bpf-module-skeleton": EXTENSION,
  "bpf-module-header": IPFT_H,
  "lua-script": SCRIPT,
} as const;
