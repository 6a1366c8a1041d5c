import assert from "node:assert/strict";
import { checkDistinct } from "../../../lib/output/check_distinct.ts";

const DIRECTORY = await Deno.makeTempDir();

/** Makes files whose names are relative to the directory of this test. */
function at(name: string): string {
  return `${DIRECTORY}/${name}`;
}

Deno.test("checkDistinct finds a file by whatever name", async () => {
  try {
    await Deno.mkdir(at("below"));
    await Deno.writeTextFile(at("there"), "");
    await Deno.link(at("there"), at("hard"));
    await Deno.symlink("there", at("soft"));
    await Deno.symlink("below/new", at("dangling"));
    await Deno.symlink(DIRECTORY, at("below/up"));
    const pairs = [
      ["there", "./there"],
      ["there", "hard"],
      ["there", "soft"],
      ["there", "below/up/there"],
      ["new", "./new"],
      ["new", "below/up/new"],
      ["dangling", "below/new"],
    ];
    for (const [one, other] of pairs) {
      const message = `'${at(one)}' and '${at(other)}' are the same file; ` +
        "give each output its own file";
      assert.throws(() => checkDistinct([at(one), at(other)], []), { message, exitCode: 2 });
      if (one.includes("new") || other.includes("new")) continue;
      assert.throws(() => checkDistinct([at(other)], [at(one)]), {
        message: `'${at(other)}' is also read, as '${at(one)}'; write to another file`,
        exitCode: 2,
      });
    }
    checkDistinct([undefined, at("there"), at("new"), at("below/new")], [at("missing")]);
    checkDistinct(["/dev/null", "/dev/../dev/null"], ["/dev/null"]);
  } finally {
    await Deno.remove(DIRECTORY, { recursive: true });
  }
});
