import assert from "node:assert/strict";
import { errnoText, IpftError, usageError } from "../../../lib/base/errors.ts";

Deno.test("IpftError is one line: what was wrong, then what to do", () => {
  assert.equal(new IpftError("no root", "use sudo").message, "no root; use sudo");
  assert.equal(new IpftError("no root").message, "no root");
  assert.equal(new IpftError("a\r\n\x1b[2J", "c\x9b").message, "a\\x0d\\x0a\\x1b[2J; c\\x9b");
});

Deno.test("usageError has exit status 2, any other IpftError 1", () => {
  assert.equal(usageError("no").exitCode, 2);
  assert.equal(new IpftError("no").exitCode, 1);
});

Deno.test("errnoText names errno values of either sign, and gives unknown ones as numbers", () => {
  assert.equal(errnoText(-1), "EPERM (operation not permitted)");
  assert.equal(errnoText(95), "EOPNOTSUPP (not supported by this kernel)");
  assert.equal(errnoText(-4000), "errno 4000");
});
