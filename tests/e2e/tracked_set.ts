/** The packets that the running traces follow, as bpftool reads them from their maps. */
import assert from "node:assert/strict";
import { shell } from "./ipft.ts";

/** Counts the followed packets of all traces: those in their maps, and those at home (lib/bpf/tracked.h). */
export async function followedNow(): Promise<number> {
  const maps: { id: number; name: string }[] = JSON.parse(await shell("bpftool -j map list"));
  const dumps = (wanted: string) =>
    Promise.all(
      maps.filter(({ name }) => name === wanted).map(({ id }) =>
        shell(`bpftool -j map dump id ${id}`)
      ),
    );
  const tracked = await dumps("ipft_tracked"), homes = await dumps("ipft.bss");
  assert(tracked.length > 0 && tracked.length === homes.length, "no trace follows packets");
  const inMaps = tracked.map((dump) => JSON.parse(dump).length);
  const atHome = homes.map((dump) => [...dump.matchAll(/"skb":\s*[1-9]/g)].length);
  assert(homes.every((dump) => dump.includes('"skb"')), "bpftool does not show the homes");
  return [...inMaps, ...atHome].reduce((sum, count) => sum + count, 0);
}
