/** Every method's programs load and attach, whatever the trace asks of them. */
import assert from "node:assert/strict";
import { backendGaps } from "../../lib/bpf/attach/backends.ts";
import type { ProgramsConfig } from "../../lib/bpf/programs_config.ts";
import { followSockets } from "../../lib/bpf/probes/follow_sockets.ts";
import { filterCode } from "../../lib/bpf/filter_code.ts";
import { Programs } from "../../lib/bpf/programs.ts";
import { Rings } from "../../lib/bpf/rings.ts";
import { attach } from "../../lib/capture/attach.ts";
import { planTrace } from "../../lib/capture/plan.ts";
import { DATA } from "../../lib/event/section.ts";
import { TRACERS } from "../../lib/event/trace_header.ts";
import { extensionLinker } from "../../lib/extension/link.ts";
import { compileExpression } from "../../lib/ffi/libpcap.ts";
import type { PacketFilter } from "../../lib/filter/packet_filter.ts";
import { inspectKernel } from "../../lib/kernel/inspect.ts";
import { SECTIONS } from "../../lib/sections/sections.ts";
import { assertNothingLeft, FEW } from "./ipft.ts";

const MARK = 0x5ec7;
const UNOBSERVED = { attached: () => Promise.resolve(), detached: () => {} };

const kernel = await inspectKernel(() => {});
const expression = compileExpression("tcp port 443 or ether host 02:00:00:00:00:01 or less 100");
const mark = { value: MARK, mask: 0xffffffff };
const inner = compileExpression("udp port 53 or ether host 02:00:00:00:00:01 or vlan 5");
const process = { pid: Deno.pid, comm: "deno" };
const all: PacketFilter = {
  mark,
  expression,
  inner,
  netns: 0xf000_0000,
  ifname: "lo",
  cgroup: 1n,
  process,
};
const probes = [followSockets(process, assert.fail)];
const link = extensionLinker({
  elf: Deno.readFileSync(new URL("../scripts/lifted.bpf.o", import.meta.url)),
  source: "lifted",
});
/** Each of the parts alone, and all together. */
const ASKED: readonly (
  & { readonly filter: PacketFilter }
  & Pick<ProgramsConfig, "probes" | "sections" | "extension">
)[] = [
  { filter: { mark } },
  { filter: { expression }, sections: SECTIONS },
  { filter: { inner } },
  { filter: { netns: 1 }, sections: [DATA], extension: link },
  { filter: { process: { pid: 1 } } },
  { filter: all, probes, sections: [DATA, ...SECTIONS], extension: link },
];

for (const tracer of TRACERS) {
  for (const { backend, missing } of backendGaps(kernel.capabilities, tracer)) {
    if (missing.length > 0) continue;
    Deno.test(`${tracer} with ${backend.name} loads with any filter, sections and extension`, async () => {
      const functions = { functionRegex: new RegExp(FEW[1]) };
      const plan = planTrace(kernel, { tracer, backend: backend.name, functions });
      using rings = await Rings.make(1 << 16);
      for (const asked of ASKED) {
        const filter = filterCode(asked.filter, plan.btfIds);
        using programs = await Programs.load({ ...plan, ...asked, filter, rings });
        using attachment = await attach(plan, programs, UNOBSERVED);
        assert.deepEqual(attachment.refused, []);
      }
    });
  }
}

Deno.test("nothing of it stays", assertNothingLeft);
