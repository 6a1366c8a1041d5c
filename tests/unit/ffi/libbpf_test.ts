import assert from "node:assert/strict";
import { IpftError } from "../../../lib/base/errors.ts";
import { BpfObject, openLibrary, requireVersion } from "../../../lib/ffi/libbpf.ts";
import { LibbpfLog } from "../../../lib/ffi/log.ts";

const REMEDY = "run make bpf, or set IPFT_LIBBPF to a libbpf.so.1 of version 1.1 or later";

Deno.test("openLibrary says what to do when the library is missing or is not libbpf", () => {
  for (const path of ["/nowhere/libbpf.so.1", "libc.so.6"]) {
    assert.throws(() => openLibrary(path), (error) => {
      assert(error instanceof IpftError);
      assert(error.message.startsWith(`cannot open ${path}: `), error.message);
      assert.equal(error.remedy, REMEDY);
      return true;
    });
  }
});

Deno.test("requireVersion accepts libbpf 1.1 and later, and says which version is too old", () => {
  for (const [major, minor] of [[1, 1], [1, 7], [2, 0]]) requireVersion("lib", major, minor);
  for (const [major, minor] of [[1, 0], [0, 8]]) {
    assert.throws(
      () => requireVersion("libbpf.so.1", major, minor),
      new IpftError(`libbpf.so.1 is libbpf ${major}.${minor}, too old`, REMEDY),
    );
  }
});

Deno.test("BpfObject rejects what is not an ELF image, and LibbpfLog keeps the reason", () => {
  const passedOn: string[] = [];
  using log = new LibbpfLog((line) => passedOn.push(line));
  assert.throws(
    () => new BpfObject(new TextEncoder().encode("not an ELF file"), "nonsense"),
    /^IpftError: cannot open the BPF object nonsense: /,
  );
  assert(log.lines.length > 0);
  assert(log.lines.every((line) => passedOn.includes(line)));
  assert.match(log.lines.join("\n"), /nonsense/);
});
