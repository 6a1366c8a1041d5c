import { printable } from "../../base/printable.ts";

/** How the parts of a table look. */
export interface Style {
  /** Whether a terminal shows it, which must not get what others have made for it to obey. */
  readonly isForTerminal: boolean;
  readonly heading: (text: string) => string;
  readonly module: (text: string) => string;
  readonly name: (text: string) => string;
}

const asItIs = (text: string) => text;

/** For files and pipes: every byte as it is. */
export const PLAIN: Style = {
  isForTerminal: false,
  heading: asItIs,
  module: asItIs,
  name: asItIs,
};

/** For a terminal without colours. */
export const COLOURLESS: Style = {
  isForTerminal: true,
  heading: asItIs,
  module: printable,
  name: printable,
};

/** For a terminal: the function stands out (ECMA-48, SGR). */
export const COLOURED: Style = {
  isForTerminal: true,
  heading: (text) => `\x1b[1m${text}\x1b[0m`,
  module: (text) => `\x1b[2m${printable(text)}\x1b[0m`,
  name: (text) => `\x1b[36m${printable(text)}\x1b[0m`,
};
