import { IpftError } from "./errors.ts";

/** Returns a variable of the environment. @throws IpftError when its value is not UTF-8 */
export function environment(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch {
    throw new IpftError(`the environment variable ${name} is not UTF-8`, "change or unset it");
  }
}

/**
 * Returns what a shell must run to have the environment in which the user started ipft. The
 * self-extracting executable hides most of it from Deno, see package/launcher.sh. A shell gives it back
 * because Deno cannot pass on values that are not UTF-8.
 */
export function restoreEnvironment(): string {
  const hidden = environment("IPFT_USER_NAMES");
  if (hidden === undefined) return "";
  const names = hidden.split(" ").filter((name) => /^[A-Za-z_]\w*$/.test(name));
  const lock = Number(environment("IPFT_USER_LOCK"));
  return [
    "unset DENO_DIR DENO_NO_UPDATE_CHECK IPFT_USER_NAMES IPFT_USER_LOCK;",
    ...names.map((name) => `export ${name}="$IPFT_USER_${name}"; unset IPFT_USER_${name};`),
    lock > 2 && lock < 10 ? `exec ${lock}<&-;` : "",
  ].join(" ");
}
