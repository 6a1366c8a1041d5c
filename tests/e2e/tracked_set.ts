/** The packets that the running traces follow, as bpftool reads them from their maps. */
import assert from "node:assert/strict";
import { shell } from "./ipft.ts";

/** Counts the followed packets in the map of each trace. */
export async function followedNow(): Promise<number[]> {
  const maps: { id: number; name: string }[] = JSON.parse(await shell("bpftool -j map list"));
  const tracked = maps.filter(({ name }) => name === "ipft_tracked");
  assert(tracked.length > 0, "no trace follows packets");
  return await Promise.all(tracked.map(async ({ id }) => {
    const entries: unknown[] = JSON.parse(await shell(`bpftool -j map dump id ${id}`));
    return entries.length;
  }));
}
