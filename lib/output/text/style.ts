/** How the parts of a table look. */
export interface Style {
  readonly heading: (text: string) => string;
  readonly module: (text: string) => string;
  readonly name: (text: string) => string;
}

const asItIs = (text: string) => text;

/** For files and pipes. */
export const PLAIN: Style = { heading: asItIs, module: asItIs, name: asItIs };

/** For a terminal: the function stands out (ECMA-48, SGR). */
export const COLOURED: Style = {
  heading: (text) => `\x1b[1m${text}\x1b[0m`,
  module: (text) => `\x1b[2m${text}\x1b[0m`,
  name: (text) => `\x1b[36m${text}\x1b[0m`,
};
