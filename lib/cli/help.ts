import { type Command, type Example, optionsOf, term } from "./option.ts";

const WIDTH = 80;

/** Returns what `--help` prints. @param name the command as one calls it: `ipft lua` */
export function helpText(command: Command, name = command.name): string {
  const { usage, description, groups, commands, notes = [], examples = [] } = command;
  const terms = [...optionsOf(command).map(term), ...commands.map(commandTerm)];
  const indent = Math.max(...terms.map(({ length }) => length)) + 4;
  const row = (term: string, text: string) => {
    const lines = wrap(text, WIDTH - indent);
    return `  ${term}`.padEnd(indent) + lines.join("\n" + " ".repeat(indent)) + "\n";
  };
  const parts = [
    usage.map((usage, i) => `${i === 0 ? "Usage:" : "      "} ${name} ${usage}\n`).join(""),
    `${description}\n`,
    ...groups.map(({ heading, options }) =>
      `${heading}:\n` +
      Object.values(options).map((option) => row(term(option), option.description)).join("")
    ),
  ];
  if (commands.length > 0) {
    const rows = commands.map((command) => row(commandTerm(command), command.description));
    parts.push(`Commands:\n${rows.join("")}`);
  }
  parts.push(...notes.map((note) => wrap(note, WIDTH).join("\n") + "\n"));
  if (examples.length > 0) parts.push(`Examples:\n${exampleRows(examples)}`);
  return parts.join("\n");
}

function commandTerm({ name, argument }: Command): string {
  return argument === undefined ? name : `${name} ${argument.name}`;
}

/** Returns the examples, their meanings in a column. */
function exampleRows(examples: readonly Example[]): string {
  const explained = examples.filter(({ meaning }) => meaning !== undefined);
  const width = Math.max(...explained.map(({ command }) => command.length)) + 2;
  return examples.map(({ command, meaning }) =>
    meaning === undefined ? `  ${command}\n` : `  ${command.padEnd(width)}${meaning}\n`
  ).join("");
}

/** Breaks a text at spaces into lines of at most `width` characters. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
