/** README.md as its readers use it: blocks of text, and the commands in them. */

/** A command that README.md prints behind `$ `, and what it shows of its output. */
export interface ReadmeCommand {
  /** For a shell, with its comment; lines that end in a backslash go on in the next one. */
  readonly text: string;
  /** The lines below it. */
  readonly shown: readonly string[];
}

/** Traces: tests/e2e/readme_test.ts runs it, on a kernel that can be traced. */
export const TRACES = /^sudo \.\/ipft /;

/** Makes something of the checkout: tests/unit/readme_test.ts looks at it. */
export const BUILDS = /^(?:sudo )?(?:make|podman) /;

/** The lines of each block between ``` and ```. */
export function readmeBlocks(): string[][] {
  const text = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
  return [...text.matchAll(/^```\w*\n([^]*?)^```$/gm)].map(([, block]) =>
    block.trimEnd().split("\n")
  );
}

/** All commands, in their order. */
export function readmeCommands(): ReadmeCommand[] {
  return readmeBlocks().flatMap((block) => {
    const [, ...parts] = `\n${block.join("\n")}`.split("\n$ ");
    return parts.map((part) => {
      const [, text, shown] = /^((?:.*\\\n)*.*)\n?([^]*)$/.exec(part)!;
      return { text, shown: shown === "" ? [] : shown.split("\n") };
    });
  });
}
