import { IPFT } from "../cli/commands.ts";
import { bashCompletion } from "./bash.ts";
import { fishCompletion } from "./fish.ts";
import { manPage } from "./man_page.ts";
import { zshCompletion } from "./zsh.ts";
import { TEMPLATES } from "../extension/templates.ts";
import type { GeneratedName } from "../cli/request.ts";

/** Returns what `ipft --gen` prints. */
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
