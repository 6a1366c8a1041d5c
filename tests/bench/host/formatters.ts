/**
 * Measures each kind of `FieldReader`: from the 64 bytes of an event to its fields in JSON. ring.ts
 * measures `dump`, together with the ring reader and a sink.
 */
import { GROUP_EVENTS, type OpenFields } from "../../../lib/event/fields.ts";
import { DATA_BYTES } from "../../../lib/event/section.ts";
import { EventStruct } from "../../../lib/extension/event_struct.ts";
import { openObject } from "../../../lib/extension/open_object.ts";
import { StructReader } from "../../../lib/extension/struct_reader.ts";
import { LuaScript } from "../../../lib/lua/script.ts";
import { JsonFields } from "../../../lib/output/fields/json_fields.ts";
import { compileSource } from "../../support/compile_source.ts";
import { rotated, type Samples } from "../series.ts";

const FIGURE = "event data to JSON";

/** As many events as sinks read in one call, and how many calls a round has. */
const BATCH = makeBatch(), BATCHES = 400;

const STRUCTS = {
  "-e, struct of six numbers and texts": `enum { A, B, C = 4 } __ipft_ref(flags);
    struct event {
      __u32 len;
      __u32 mark __ipft_fmt_hex;
      __u64 cookie;
      __u16 port __ipft_fmt_be;
      __u8 flags __ipft_fmt_enum_flags(flags);
      char comm[16];
    } __ipft_event_struct;`,
  "-e, struct of six addresses": `struct event {
      __u32 source __ipft_fmt_ipv4;
      __u32 destination __ipft_fmt_ipv4;
      __u8 sender[6] __ipft_fmt_mac;
      __u8 receiver[6] __ipft_fmt_mac;
      __u32 six[4] __ipft_fmt_ipv6;
      void *sk;
    } __ipft_event_struct;`,
};

/** Needs clang. */
export async function measureFormatters(samples: Samples, rounds: number) {
  const path = new URL("./decode.lua", import.meta.url).pathname;
  using script = await LuaScript.load(path, { write: () => {}, writeError: () => {} });
  const decode = script.openFields((error) => {
    throw error;
  });
  const tools = [{ name: "-s, decode of three numbers", read: jsonReader(decode!) }];
  for (const [name, struct] of Object.entries(STRUCTS)) {
    tools.push({ name, read: jsonReader(await structFields(name, struct)) });
  }
  for (const { read } of tools) timeNs(read); // until the code is compiled
  for (let round = 0; round < rounds; round++) {
    for (const tool of rotated(tools, round)) {
      samples.add(FIGURE, tool, "ns an event", timeNs(tool.read));
    }
  }
}

async function structFields(name: string, struct: string): Promise<OpenFields> {
  const elf = await compileSource(
    `#include <ipft.h>\n${struct}\nint module(void *c, struct sk_buff *skb, __u8 data[64]) { return 0; }`,
  );
  const event = new EventStruct(openObject({ elf, source: name }).btf, name);
  return (writer) =>
    new StructReader(event, writer, () => {
      throw new Error("there are no addresses of functions in this data");
    });
}

type Read = (data: Uint8Array<ArrayBuffer>) => void;

/** Makes a function that reads as a sink does. */
function jsonReader(openFields: OpenFields): Read {
  const writer = new JsonFields();
  const reader = openFields(writer);
  return (data) => {
    writer.clear();
    reader.read(data);
  };
}

function timeNs(read: Read): number {
  const start = performance.now();
  for (let i = 0; i < BATCHES; i++) read(BATCH);
  return (performance.now() - start) * 1e6 / (BATCHES * GROUP_EVENTS);
}

/** Makes events with numbers of different sizes and the name of a thread. */
function makeBatch(): Uint8Array<ArrayBuffer> {
  const batch = new Uint8Array(GROUP_EVENTS * DATA_BYTES);
  const view = new DataView(batch.buffer);
  for (let event = 0; event < GROUP_EVENTS; event++) {
    const at = event * DATA_BYTES;
    view.setUint32(at, 60 + event * 17, true);
    view.setUint32(at + 4, 0xdeadbe00 + event, true);
    view.setBigUint64(at + 8, 0x1000n + BigInt(event * event), true);
    view.setUint16(at + 16, 443 + event);
    view.setUint8(at + 18, event & 7);
    batch.set(new TextEncoder().encode("ksoftirqd/1\0"), at + 19);
  }
  return batch;
}
