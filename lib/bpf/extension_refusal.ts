import { errnoText, IpftError } from "../base/errors.ts";
import { explainRefusal } from "./verifier_log.ts";

/**
 * Makes the error for an extension with which the programs cannot be loaded, though they can without it.
 * @param result the negative errno
 * @param libbpf what libbpf logged
 * @param verifier what the verifier logged for the last program
 */
export function extensionRefusal(
  result: number,
  libbpf: readonly string[],
  verifier: readonly string[],
): IpftError {
  if (libbpf.some((line) => /BPF program load failed/.test(line))) {
    const explanation = explainRefusal(verifier);
    return new IpftError(
      `the kernel refused the extension: ${explanation?.reason ?? errnoText(result)}`,
      "change the extension (the lines above say where, -v shows the verifier's whole log)",
      1,
      explanation?.excerpt ?? libbpf,
    );
  }
  // A map that the kernel does not make, an extern that it does not have, …
  const line = libbpf.findLast((line) => !/failed to load object/.test(line));
  return new IpftError(
    `the extension cannot be loaded: ${line?.replace(/^libbpf: /, "") ?? errnoText(result)}`,
    "change the extension (-v shows all that libbpf says)",
  );
}
