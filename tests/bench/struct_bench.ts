/**
 * How many events a second a struct described by BTF is shown: from 64 bytes in a batch to text.
 *
 *     make bench
 */
import { DATA_BYTES } from "../../lib/bpf/event.ts";
import { EventStruct } from "../../lib/module/event_struct.ts";
import { openModule } from "../../lib/module/module_object.ts";
import { StructFormatter } from "../../lib/module/struct_formatter.ts";
import { compileSource } from "../unit/compile_source.ts";

/** As many events as a sink formats in one call. */
const BATCH = 256;
const BATCHES = 400;

const STRUCTS = {
  "six members": `enum { A, B, C = 4 } __ipft_ref(flags);
    struct event {
      __u32 len;
      __u32 mark __ipft_fmt_hex;
      __u64 cookie;
      __u16 port __ipft_fmt_be;
      __u8 flags __ipft_fmt_enum_flags(flags);
      char comm[16];
    } __ipft_event_struct;`,
  "six addresses": `struct event {
      __u32 source __ipft_fmt_ipv4;
      __u32 destination __ipft_fmt_ipv4;
      __u8 sender[6] __ipft_fmt_mac;
      __u8 receiver[6] __ipft_fmt_mac;
      __u32 six[4] __ipft_fmt_ipv6;
      void *sk;
    } __ipft_event_struct;`,
};

const batch = new Uint8Array(BATCH * DATA_BYTES);
const view = new DataView(batch.buffer);
for (let event = 0; event < BATCH; event++) {
  const at = event * DATA_BYTES;
  view.setUint32(at, 60 + event * 17, true);
  view.setUint32(at + 4, 0xdeadbe00 + event, true);
  view.setBigUint64(at + 8, 0x1000n + BigInt(event * event), true);
  view.setUint16(at + 16, 443 + event);
  view.setUint8(at + 18, event & 7);
  batch.set(new TextEncoder().encode("ksoftirqd/1\0"), at + 19);
}

for (const [name, struct] of Object.entries(STRUCTS)) {
  const elf = await compileSource(
    `#include <ipft.h>\n${struct}\nint module(void *c, struct sk_buff *skb, __u8 data[64]) { return 0; }`,
  );
  const event = new EventStruct(openModule(elf, name).btf, name);
  for (const isJson of [false, true]) {
    const formatter = new StructFormatter(event, isJson, () => undefined);
    const format = isJson ? "json" : "text";
    Deno.bench(`${name}, ${format}, ${BATCH * BATCHES} events`, { group: name }, () => {
      let length = 0;
      for (let i = 0; i < BATCHES; i++) length += formatter.format(batch).bytes.length;
      if (length === 0) throw new Error("nothing was formatted");
    });
  }
}
