import { errnoText, IpftError } from "../base/errors.ts";
import { explainRefusal } from "./verifier_log.ts";

/**
 * The error for a module with which the tracer cannot be loaded, though it can alone.
 * @param result the negative errno
 * @param libbpf what libbpf said of it
 * @param verifier what the verifier said of the last program that it saw
 */
export function moduleRefusal(
  result: number,
  libbpf: readonly string[],
  verifier: readonly string[],
): IpftError {
  if (libbpf.some((line) => /BPF program load failed/.test(line))) {
    const explanation = explainRefusal(verifier);
    return new IpftError(
      `the kernel refused the module: ${explanation?.reason ?? errnoText(result)}`,
      "change the module (the lines above say where, -v shows the verifier's whole log)",
      1,
      explanation?.excerpt ?? libbpf,
    );
  }
  // A map that the kernel does not make, an extern that it does not have, …
  const line = libbpf.findLast((line) => !/failed to load object/.test(line));
  return new IpftError(
    `the module cannot be loaded: ${line?.replace(/^libbpf: /, "") ?? errnoText(result)}`,
    "change the module (-v shows all that libbpf says)",
  );
}
