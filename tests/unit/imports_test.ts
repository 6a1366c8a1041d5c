import assert from "node:assert/strict";

const LIB = new URL("../../lib/", import.meta.url);
/** The rooms of lib/, as docs/architecture.md orders them: each imports from itself and from later ones. */
const ROOMS =
  ("commands generate cli terminal capture recording output analysis sections extension lua " +
    "bpf filter kernel btf ffi event base").split(" ");
/** Imports that the list allows and the design does not: these rooms do not know where events come from. */
const FORBIDDEN = /^(output|analysis)\/.* imports (bpf|capture)\//;
/** Files that may be shorter than ten lines, because they hold nothing but a contract. */
const CONTRACTS = ["analysis/stage.ts", "sections/sections.ts"];

const pathOf = (url: URL | string) => `${url}`.replace(LIB.href, "");
const sources = new Map(filesBelow(LIB).map((url) => [pathOf(url), Deno.readTextFileSync(url)]));
/** What each file imports with `import … from`, `export … from` and `import(…)`, of types too. */
const imports = new Map([...sources].map(([file, text]) => {
  const paths = [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+\.ts)"/g)].map(([, path]) =>
    path
  );
  return [file, paths.map((path) => pathOf(new URL(path, new URL(file, LIB))))];
}));

function filesBelow(directory: URL): URL[] {
  return [...Deno.readDirSync(directory)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return filesBelow(new URL(`${name}/`, directory));
    return /\.(ts|c|h|lua)$/.test(name) ? [new URL(name, directory)] : [];
  });
}

Deno.test("imports in lib/ go down the list of rooms only", () => {
  const rank = (path: string) => ROOMS.indexOf(path.split("/")[0]);
  const isBroken = (file: string, imported: string) =>
    rank(file) < 0 || rank(imported) < rank(file) || FORBIDDEN.test(`${file} imports ${imported}`);
  const broken = [...imports].flatMap(([file, all]) =>
    all.filter((imported) => isBroken(file, imported)).map((imported) =>
      `${file} imports ${imported}`
    )
  );
  assert.deepEqual(broken, []);
});

Deno.test("no file in lib/ imports itself, directly or through others", () => {
  const seen = new Set<string>(), cycles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    if (seen.has(file)) return;
    seen.add(file);
    for (const imported of imports.get(file) ?? []) visit(imported, [...path, file]);
  };
  for (const file of sources.keys()) visit(file, []);
  assert.deepEqual(cycles, []);
});

Deno.test("lib/ holds directories only, and the files in them have 10 to 300 lines", () => {
  const direct = [...Deno.readDirSync(LIB)].filter(({ isDirectory }) => !isDirectory);
  assert.deepEqual(direct.map(({ name }) => name), []);
  const lengths = [...sources].map(([file, text]) =>
    [file, text.trimEnd().split("\n").length] as const
  );
  const odd = lengths.filter(([file, lines]) =>
    lines > 300 || lines < 10 && !CONTRACTS.includes(file)
  );
  assert.deepEqual(odd.map(([file, lines]) => `${file} has ${lines} lines`), []);
});
