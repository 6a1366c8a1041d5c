import { IpftError } from "../errors.ts";

/**
 * The compiled tracer: `tracer` as it is, or `tracer_module`, which lacks the function that a user's
 * module brings.
 * @throws IpftError when it is not built
 */
export function readTracerObject(name: "tracer" | "tracer_module"): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(new URL(`./${name}.bpf.o`, import.meta.url));
  } catch (error) {
    throw new IpftError(
      `cannot read the tracer object: ${(error as Error).message}`,
      "build it: make bpf",
    );
  }
}
