import { IPFT } from "./cli/commands.ts";
import { bashCompletion } from "./generate/bash.ts";
import { fishCompletion } from "./generate/fish.ts";
import { manPage } from "./generate/man_page.ts";
import { zshCompletion } from "./generate/zsh.ts";
import { TEMPLATES } from "./module/templates.ts";
import type { GeneratedName } from "./options.ts";

/** What `ipft --gen` prints. */
export function generated(name: GeneratedName): string {
  switch (name) {
    case "completion-bash":
      return bashCompletion(IPFT);
    case "completion-zsh":
      return zshCompletion(IPFT);
    case "completion-fish":
      return fishCompletion(IPFT);
    case "man-page":
      return manPage(IPFT);
    default:
      return TEMPLATES[name];
  }
}
