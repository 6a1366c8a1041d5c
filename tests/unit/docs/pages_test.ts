import assert from "node:assert/strict";
import { OPTIONS } from "../../../lib/cli/commands.ts";
import { RESERVED_NAMES } from "../../../lib/event/fields.ts";
import { FORMATS } from "../../../lib/output/formats.ts";
import { SECTIONS } from "../../../lib/sections/sections.ts";

const ROOT = new URL("../../../", import.meta.url);
const PAGES = [
  "README.md",
  ...[...Deno.readDirSync(new URL("docs/", ROOT))].map(({ name }) => `docs/${name}`),
  "tests/vm/README.md",
  "examples/k8s/README.md",
].filter((name) => name.endsWith(".md"));

const texts = new Map(PAGES.map((page) => [page, Deno.readTextFileSync(new URL(page, ROOT))]));
const textOf = (page: string) => texts.get(page)!.replaceAll(/\s+/g, " ");

function exists(path: URL): boolean {
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
}

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(url: URL): string[] {
  const text = Deno.readTextFileSync(url).replaceAll(/^```[^]*?^```$/gm, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
}

Deno.test("links between the pages lead to files and headings that exist", () => {
  const broken: string[] = [];
  for (const [page, text] of texts) {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    for (const [link, path, anchor] of links) {
      const target = new URL(path === "" ? page : path, path === "" ? ROOT : new URL(page, ROOT));
      const isBroken = !exists(target) ||
        anchor !== undefined && !anchorsOf(target).includes(anchor);
      if (isBroken) broken.push(`${page}: ${link}`);
    }
  }
  assert.deepEqual(broken, []);
});

Deno.test("files that the pages name exist", () => {
  const missing: string[] = [];
  for (const [page, text] of texts) {
    for (const [, path] of text.matchAll(/`((?:lib|tests|examples|package)\/[\w./-]+)`/g)) {
      const isPlanned = path.includes("NAME") || path === "tests/unit/filter/";
      if (!isPlanned && !exists(new URL(path, ROOT))) missing.push(`${page}: ${path}`);
    }
  }
  assert.deepEqual(missing, []);
});

Deno.test("docs/architecture.md has a row for each room of lib/", () => {
  const rows = [...texts.get("docs/architecture.md")!.matchAll(/^\| `(\w+)\/` +\|/gm)];
  const rooms = [...Deno.readDirSync(new URL("lib/", ROOT))].map(({ name }) => name);
  assert.deepEqual(rows.map(([, name]) => name).sort(), rooms.sort());
});

Deno.test("docs/output.md has every format with its suffixes, and every section with its columns", () => {
  const page = textOf("docs/output.md");
  for (const { name, suffixes } of FORMATS) {
    assert.match(page, new RegExp(`\\| \`${name}\` \\|`));
    for (const suffix of suffixes) assert(page.includes(`\`${suffix}\``), suffix);
  }
  for (const { name, columns } of SECTIONS) {
    assert.match(page, new RegExp(`\\| \`${name}\` \\|`));
    for (const column of Object.keys(columns)) {
      assert.match(page, new RegExp(`\\| \`${column}\` \\|`));
    }
  }
});

Deno.test("the pages that list reserved names have them all", () => {
  for (const page of ["docs/output.md", "docs/extensions.md", "docs/lua.md"]) {
    for (const name of RESERVED_NAMES) {
      assert(textOf(page).includes(`\`${name}\``), `${page}: ${name}`);
    }
  }
});

Deno.test("README.md names every option", () => {
  for (const { long } of Object.values(OPTIONS)) {
    if (long !== "--help") assert(textOf("README.md").includes(long), long);
  }
});
