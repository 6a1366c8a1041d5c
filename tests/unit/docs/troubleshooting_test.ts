import assert from "node:assert/strict";

const ROOT = new URL("../../../", import.meta.url);

/** What makes an error for people, as far as its first text: behind the name of an object, too. */
const ERROR =
  /(?:IpftError|[uU]sageError|extensionError|[.]#error|wrong)\((?:\s*[\w.#]+,)?\s*(?:"([^"]+)"|`([^`]+))/g;

/** A message with `…` in place of what differs; a text that holds another one ends there. */
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
  const page = text.replaceAll(/\s+/g, " "); // a message may go on in the next line
  const messages = (await Promise.all(
    (await sources(new URL("lib/", ROOT))).map(async (source) =>
      [...(await Deno.readTextFile(source)).matchAll(ERROR)]
        .map(([, plain, template]) => pattern(plain ?? template))
    ),
  )).flat();
  assert(messages.includes("no mark given") && messages.length > 80, `${messages.length} messages`);
  assert.deepEqual(messages.filter((message) => !page.includes(`\`${message}`)), []);
});
