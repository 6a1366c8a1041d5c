import assert from "node:assert/strict";

const IPFT_H = new URL("../../lib/extension/templates", import.meta.url).pathname;

/** Compiles C code for BPF. It may include `<ipft.h>`. */
export async function compileSource(code: string): Promise<Uint8Array<ArrayBuffer>> {
  const command = new Deno.Command("clang", {
    args: [
      ..."-target bpf -O2 -g -c -x c -Wno-visibility -o - -".split(" "),
      ...["-idirafter", IPFT_H, "-idirafter", `/usr/include/${Deno.build.arch}-linux-gnu`],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  return stdout;
}
