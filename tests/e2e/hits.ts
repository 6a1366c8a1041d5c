/** The hit counters of the running tracer, as bpftool reads them from its map. */
import assert from "node:assert/strict";
import { shell } from "./ipft.ts";

/** Byte offsets of event.h: struct state { active; counters[256] }, struct cpu_counters. */
const COUNTERS = 64, COUNTER_BYTES = 64, SLOTS = 256;

/** Sums up the hits of all CPUs. */
export async function hitCounter(): Promise<number> {
  const maps: { id: number; name: string }[] = JSON.parse(await shell("bpftool -j map list"));
  const bss = maps.filter(({ name }) => name === "ipft.bss");
  assert.equal(bss.length, 1);
  const dump = JSON.parse(await shell(`bpftool -j map dump id ${bss[0].id}`));
  const bytes = Uint8Array.from(dump[0].value as string[], Number);
  const view = new DataView(bytes.buffer);
  let hits = 0n;
  for (let slot = 0; slot < SLOTS; slot++) {
    hits += view.getBigUint64(COUNTERS + slot * COUNTER_BYTES, true);
  }
  return Number(hits);
}
