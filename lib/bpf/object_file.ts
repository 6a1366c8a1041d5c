import { IpftError } from "../base/errors.ts";

/**
 * Reads a build of tracer.bpf.c: `tracer`, or `tracer_extension`, which lacks the function that a user's
 * extension brings.
 * @throws IpftError when it is not built
 */
export function readBpfObject(name: "tracer" | "tracer_extension"): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(new URL(`./${name}.bpf.o`, import.meta.url));
  } catch (error) {
    throw new IpftError(
      `cannot read ${name}.bpf.o: ${(error as Error).message}`,
      "build it: make bpf",
    );
  }
}
