/** The kernel's own dynamic events (Documentation/trace/kprobetrace.rst): which calls there were, and with which packet. */
import assert from "node:assert/strict";
import { Btf } from "../../lib/btf/btf.ts";
import { BtfKind } from "../../lib/btf/btf_kind.ts";
import { bitOffset } from "../../lib/kernel/skb_layout.ts";
import { shell } from "./ipft.ts";

const TRACEFS = "/sys/kernel/tracing", INSTANCE = `${TRACEFS}/instances/ipft-calls`;
const GROUP = "ipft_calls";

/** One call, and what the skb said of itself. */
export interface KernelCall {
  readonly function: string;
  /** The address of the skb, as `packet_id` of JSON. */
  readonly skb: string;
  readonly mark: number;
  readonly len: number;
  /** The type of its frame, such as 0x0800. */
  readonly protocol: number;
  /** Whether there is a VLAN tag, beside the frame or in it. */
  readonly isTagged: boolean;
}

export interface RecordedCalls {
  readonly calls: readonly KernelCall[];
  readonly missed: ReadonlySet<string>;
}

/** Functions, and which argument of each is the skb: 1 for the first. */
export type Functions = Readonly<Record<string, number>>;

/** Makes an event for each of the functions. The kernel refuses those that it does not have. */
export async function makeDynamicEvents(functions: Functions): Promise<ReadonlySet<string>> {
  const made = new Set<string>(), fields = skbFields();
  for (const [name, argument] of Object.entries(functions)) {
    const skb = `$arg${argument}`;
    const fetched = fields.map(({ name, offset, type }) => `${name}=+${offset}(${skb}):${type}`);
    try {
      await Deno.writeTextFile(
        `${TRACEFS}/dynamic_events`,
        `p:${GROUP}/${name} ${name} ${fetched.join(" ")} skb=${skb}:x64\n`,
        { append: true },
      );
      made.add(name);
    } catch (error) {
      // ENOENT: no such function; EADDRNOTAVAIL: several.
      assert.match(String(error), /os error (2|22|99)/, name);
    }
  }
  return made;
}

/**
 * The calls meanwhile, and the functions of which the kernel has not recorded all. To enable and disable events
 * takes the kernel a while for each. So they are before that and behind it, or there would be packets that
 * neighbours send to each other.
 */
export async function recordCalls(meanwhile: () => Promise<void>): Promise<RecordedCalls> {
  await shell(`mkdir ${INSTANCE}; echo 8192 >${INSTANCE}/buffer_size_kb`);
  const record = (isOn: 0 | 1) => Deno.writeTextFile(`${INSTANCE}/tracing_on`, `${isOn}`);
  const enable = (isOn: 0 | 1) =>
    Deno.writeTextFile(`${INSTANCE}/events/${GROUP}/enable`, `${isOn}`);
  try {
    await record(0);
    await enable(1);
    const before = await missedCalls();
    await record(1);
    await meanwhile();
    await record(0);
    const after = await missedCalls();
    await enable(0);
    const missed = new Set(
      [...after.keys()].filter((name) => after.get(name) !== before.get(name)),
    );
    return { calls: parseCalls(await Deno.readTextFile(`${INSTANCE}/trace`)), missed };
  } finally {
    await shell(`echo 0 >${INSTANCE}/events/${GROUP}/enable; rmdir ${INSTANCE}`);
  }
}

export async function removeDynamicEvents(): Promise<void> {
  const events = await Deno.readTextFile(`${TRACEFS}/dynamic_events`);
  for (const [, name] of events.matchAll(new RegExp(`^p:${GROUP}/(\\S+)`, "gm"))) {
    await Deno.writeTextFile(`${TRACEFS}/dynamic_events`, `-:${GROUP}/${name}\n`, { append: true });
  }
}

/** Where the skb has what is recorded, as arguments of events are written. */
function skbFields(): { name: string; offset: number; type: string }[] {
  const path = "/sys/kernel/btf/vmlinux";
  const btf = Btf.parse(Deno.readFileSync(path), { source: path });
  const struct = btf.find(BtfKind.STRUCT, "sk_buff")!;
  const field = (name: string, type: string, member = name) => ({
    name,
    offset: bitOffset(btf, struct, member)! / 8,
    type,
  });
  // Until Linux 6.2 a bit says whether there is a tag, and later the protocol of the tag.
  const present = bitOffset(btf, struct, "vlan_present");
  const tagged = present === undefined
    ? field("tagged", "u16", "vlan_proto")
    : { name: "tagged", offset: present >> 3, type: `b1@${present & 7}/8` };
  return [field("mark", "u32"), field("len", "u32"), field("protocol", "u16"), tagged];
}

/** How often events have missed calls: a probe does not run inside another one. */
async function missedCalls(): Promise<ReadonlyMap<string, number>> {
  const profile = await Deno.readTextFile(`${TRACEFS}/kprobe_profile`);
  const lines = profile.matchAll(/^ *(\w+) +\d+ +(\d+)$/gm);
  return new Map([...lines].map(([, name, missed]) => [name, Number(missed)]));
}

function parseCalls(trace: string): KernelCall[] {
  //   ping-321     [001] ...1.  1234.567890: ip_rcv: (ip_rcv+0x0/0x60) mark=1 len=84 protocol=8 tagged=0 skb=0x…
  const lines = trace.matchAll(
    /: (\w+): \([^)]+\) mark=(\d+) len=(\d+) protocol=(\d+) tagged=(\w+) skb=0x(\w+)$/gm,
  );
  return [...lines].map(([, name, mark, len, protocol, tagged, skb]) => {
    const type = Number(protocol) >> 8 | (Number(protocol) & 0xff) << 8;
    return {
      function: name,
      skb: `0x${skb.padStart(16, "0")}`,
      mark: Number(mark),
      len: Number(len),
      protocol: type,
      isTagged: Number(tagged) !== 0 || type === 0x8100,
    };
  });
}
