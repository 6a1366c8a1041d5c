/** Expressions that are wrong or cannot be used end ipft before it asks for root: one line each. */
import assert from "node:assert/strict";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

const ONE_LINE = /^ipft: [^\n]+\n$/;

/** Returns what ipft says. It would be another line, and another status, if it asked for root first. */
async function fails(expression: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, expression],
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert.deepEqual([code, stdout.length], [2, 0], text);
  assert.match(text, ONE_LINE);
  return text;
}

/** Hosts and ports in turn, which no optimizer makes shorter. */
const CONDITIONS = Array.from(
  { length: 4000 },
  (_, i) => i % 2 === 0 ? `host 10.${i >> 8}.${i & 0xff}.1` : `tcp port ${i}`,
).join(" or ");

for (
  const [what, expression, message] of [
    ["a port without a number", "port nosuch", /unknown port 'nosuch'/],
    ["half an expression", "tcp[", /syntax error/],
    ["4,000 conditions", CONDITIONS, /too long, with more than 256 conditions/],
    ["the name of a host", "host example.com", /example\.com/],
    ["a direction of capture", "inbound", /inbound, outbound/],
  ] as const
) {
  Deno.test(`ipft refuses ${what} in one line`, async () => {
    assert.match(await fails(expression), message);
  });
}
