/** The name of ipft's own chunks. No traceback shows them. */
export const OWN_CHUNK = "[ipft]";

/** Returns the calls of a traceback that are the script's, and the first place in its source: `foo.lua:3: `. */
export function tracebackOf(text: string): { position: string; calls: string[] } {
  const lines = text.split("\n").slice(text.startsWith("\n") ? 2 : 1).map((line) => line.trim());
  const calls = lines.filter((line) =>
    line !== "" && line !== "[C]: in ?" && !line.includes(OWN_CHUNK)
  );
  const [position = ""] = calls.map((call) => /^[^[].*?:\d+: (?=in )/.exec(call)?.[0])
    .filter((place) => place !== undefined);
  return { position, calls };
}
