import denoJson from "../../deno.json" with { type: "json" };
import { libbpfVersion } from "../ffi/libbpf.ts";
import { libpcapVersion } from "../ffi/libpcap.ts";
import build from "./build.json" with { type: "json" };

/**
 * Returns the two lines that `ipft --version` prints.
 * @throws IpftError if libbpf or libpcap cannot be opened
 */
export function versionText(): string {
  const commit = build.commit && `, commit ${build.commit}`;
  return `ipft ${denoJson.version} (${build.kind}${commit})\n` +
    `Deno ${Deno.version.deno}, libbpf ${libbpfVersion()}, libpcap ${libpcapVersion()}\n`;
}
