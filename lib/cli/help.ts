import { type Command, optionsOf, term } from "./option.ts";

const WIDTH = 80;

/** What `--help` prints. @param name how the command is called: `ipft lua` */
export function helpText(command: Command, name = command.name): string {
  const { usage, description, groups, commands, notes } = command;
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
  if (notes !== undefined) parts.push(notes);
  return parts.join("\n");
}

function commandTerm({ name, argument }: Command): string {
  return argument === undefined ? name : `${name} ${argument.name}`;
}

/** Lines of at most `width` characters, broken at blanks. */
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
