import assert from "node:assert/strict";

const ROOT = new URL("../../../", import.meta.url);

/** Matches a call that makes an error for people, up to its message: the first string among the arguments. */
const ERROR =
  /(?:IpftError|[uU]sageError|extensionError|[.]#error|wrong)\((?:\s*[\w.#]+,)?\s*(?:"([^"]+)"|`([^`]+))/g;

/** Puts `…` in place of what differs, and cuts the message off at a nested template. */
function pattern(message: string): string {
  return message.replaceAll(/\$\{[^{}]*\}/g, "…").replace(/\$\{[^]*/, "…").trim();
}

async function sources(folder: URL): Promise<URL[]> {
  const found: URL[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await sources(new URL(`${name}/`, folder)));
    else if (name.endsWith(".ts")) found.push(new URL(name, folder));
  }
  return found;
}

Deno.test("docs/troubleshooting.md has every error message that lib/ spells out", async () => {
  const text = await Deno.readTextFile(new URL("docs/troubleshooting.md", ROOT));
  const page = text.replaceAll(/\s+/g, " "); // a message may be broken across lines
  const messages = (await Promise.all(
    (await sources(new URL("lib/", ROOT))).map(async (source) =>
      [...(await Deno.readTextFile(source)).matchAll(ERROR)]
        .map(([, plain, template]) => pattern(plain ?? template))
    ),
  )).flat();
  assert(
    messages.includes("no filter given") && messages.length > 80,
    `${messages.length} messages`,
  );
  assert.deepEqual(messages.filter((message) => !page.includes(`\`${message}`)), []);
});
