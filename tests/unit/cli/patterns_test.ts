import assert from "node:assert/strict";
import fc from "fast-check";
import { functionFilter } from "../../../lib/cli/patterns.ts";

/** Whether an expression matches a name. */
async function matches(functionRegex: string, name: string): Promise<boolean> {
  return (await functionFilter({ functionRegex })).functionRegex!.test(name);
}

Deno.test("functionFilter searches a name for an expression, simple or not", async () => {
  const expected: Readonly<Record<string, readonly [yes: string, no: string]>> = {
    "ip_rcv": ["ip_rcv_core", "IP_RCV"],
    "^ip": ["ip_rcv", "tcp_ip"],
    "rcv$": ["ip_rcv", "ip_rcv_core"],
    "^(ip|tcp)_rcv$": ["tcp_rcv", "udp_rcv"],
    "^ip|rcv$": ["tcp_rcv", "tcp_rcv_core"],
    "": ["ip_rcv", ""],
    "^(ip|tcp)_.*rcv": ["tcp_v4_rcv", "udp_rcv"],
    "\\.isra\\.\\d+$": ["ip_rcv.isra.0", "ip_rcv_isra_0"],
    "(?i)IP_": ["ip_rcv", "tcp"],
    "[^_]{3}$": ["ip_rcv", "ip_rc"],
  };
  for (const [expression, [yes, no]] of Object.entries(expected)) {
    assert(await matches(expression, yes), `${expression} and ${yes}`);
    if (no !== "") assert(!await matches(expression, no), `${expression} and ${no}`);
  }
});

Deno.test("functionFilter matches every name without an expression", async () => {
  assert.deepEqual(await functionFilter({}), { functionRegex: undefined, moduleRegex: undefined });
});

Deno.test("functionFilter says what is wrong with an expression", async () => {
  const syntax = "; the syntax is RE2's, which has neither lookaround nor backreferences: " +
    "https://github.com/google/re2/wiki/Syntax";
  const reasons: Readonly<Record<string, string>> = {
    "(": "missing closing ): `(`",
    "(a": "missing closing ): `(a`",
    "a:*?*": "invalid nested repetition operator: `*?*`",
    "(?=ip)": "invalid or unsupported Perl syntax: `(?=`",
    "(?<!ip)rcv": "invalid named capture: `(?<!ip)rcv`",
    "(a)\\1": "invalid escape sequence: `\\1`",
    "[a": "missing closing ]: `[a`",
  };
  for (const [moduleRegex, reason] of Object.entries(reasons)) {
    await assert.rejects(functionFilter({ moduleRegex }), {
      name: "IpftError",
      exitCode: 2,
      message: `--module-regex '${moduleRegex}' is not a regular expression: ${reason}${syntax}`,
    });
  }
});

Deno.test("functionFilter takes linear time for expressions that backtrack", async () => {
  const name = "a".repeat(500);
  const many = (text: string) => text.repeat(40);
  const expressions = [
    "(a+)+$",
    "(a|a)*b",
    "(a*)*b",
    many("(a|a)"),
    many("a?") + many("a"),
    ".*.*.*.*b",
  ];
  const begin = performance.now();
  for (const expression of expressions) {
    const pattern = (await functionFilter({ functionRegex: expression })).functionRegex!;
    for (let i = 0; i < 100; i++) pattern.test(`${name}!`);
  }
  assert(performance.now() - begin < 2000);
});

Deno.test("functionFilter agrees with JavaScript where both know an expression", async () => {
  const part = fc.constantFrom(
    "a",
    "b",
    "_",
    "^",
    "$",
    "|",
    "(",
    ")",
    "-",
    ".",
    "*",
    "+",
    "[ab]",
    "?",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")),
      fc.array(fc.constantFrom("a", "b", "_", "-"), { maxLength: 8 }).map((parts) =>
        parts.join("")
      ),
      async (expression, name) => {
        let inJavaScript: boolean;
        try {
          inJavaScript = new RegExp(expression).test(name);
        } catch {
          return;
        }
        let here: boolean;
        try {
          here = await matches(expression, name);
        } catch {
          return; // a**, ^*
        }
        assert.equal(here, inJavaScript);
      },
    ),
    { numRuns: 2000 },
  );
});
