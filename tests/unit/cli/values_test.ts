import assert from "node:assert/strict";
import fc from "fast-check";
import { sectionList } from "../../../lib/cli/values.ts";
import type { Section } from "../../../lib/event/section.ts";

const KNOWN: readonly Section[] = ["tuple", "dev", "meta"].map((name) => ({
  name,
  description: "",
  columns: {},
  placeholder: 0,
}));

const read = sectionList(KNOWN);
const names = (text: string) => read(text, "--show").map(({ name }) => name);

Deno.test("sectionList adds and removes sections in turn", () => {
  const lists: Readonly<Record<string, string[]>> = {
    "tuple": ["tuple"],
    "meta,tuple,meta": ["tuple", "meta"],
    "all": ["tuple", "dev", "meta"],
    "none": [],
    "all,-dev": ["tuple", "meta"],
    "-dev,all": ["tuple", "dev", "meta"],
    "all,none,dev": ["dev"],
    "-tuple": [],
  };
  for (const [text, expected] of Object.entries(lists)) {
    assert.deepEqual(names(text), expected, text);
  }
});

Deno.test("sectionList gives the sections in the order of the known ones", () => {
  const known = KNOWN.map(({ name }) => name);
  fc.assert(fc.property(fc.shuffledSubarray(known, { minLength: 1 }), (chosen) => {
    assert.deepEqual(names(chosen.join(",")), known.filter((name) => chosen.includes(name)));
  }));
});

Deno.test("sectionList names the sections when one is not known", () => {
  const give = "give all, none, tuple, dev or meta";
  const messages: Readonly<Record<string, string>> = {
    "tupel": `--show 'tupel' is not known; did you mean tuple? ${give}`,
    "all,-deb": `--show '-deb' is not known; did you mean dev? ${give}`,
    "conntrack": `--show 'conntrack' is not known; ${give}`,
    "-all": `--show '-all' is not known; did you mean all? ${give}`,
    "tuple, dev": `--show ' dev' is not known; did you mean dev? ${give}`,
    "tuple,": `--show '' is not known; ${give}`,
  };
  for (const [text, message] of Object.entries(messages)) {
    assert.throws(() => names(text), { name: "IpftError", exitCode: 2, message }, text);
  }
});
