import { IpftError } from "../base/errors.ts";

/**
 * A compiled program: `tracer` as it is; `tracer_module`, which lacks the function that a user's module
 * brings; `mark_sockets`.
 * @throws IpftError when it is not built
 */
export function readBpfObject(
  name: "tracer" | "tracer_module" | "mark_sockets",
): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(new URL(`./${name}.bpf.o`, import.meta.url));
  } catch (error) {
    throw new IpftError(
      `cannot read ${name}.bpf.o: ${(error as Error).message}`,
      "build it: make bpf",
    );
  }
}
