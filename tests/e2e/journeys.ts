/**
 * Lines of `-o json` as packets and families, and what is true of them in every trace, whatever was lost and
 * whatever there was no room to follow.
 */
import assert from "node:assert/strict";
import { parseEvents } from "../support/json_schema.ts";
import type { JsonEvent } from "./ipft.ts";
import { AFTER_THE_END } from "./traffic.ts";

/** One line of `-o json` of a trace that follows packets. */
export interface FollowedEvent extends JsonEvent {
  packet: number;
  parent?: number;
  packet_origin?: string;
  merged_into?: number;
  /** With `--show meta`. */
  meta?: { mark: number; len: number };
}

/** A packet: all events with one number. */
export class Packet {
  /** The packets that say that they came out of this one. */
  readonly children: Packet[] = [];

  constructor(readonly number: number, readonly events: readonly FollowedEvent[]) {}

  /**
   * The number of the packet that it came out of; undefined for one that matched by itself. What comes out of a packet
   * that is being reassembled may be merged into it before its first event: then that is all it says of itself.
   */
  get parent(): number | undefined {
    return this.events.find((event) => event.parent !== undefined)?.parent ??
      this.first.merged_into;
  }

  get origin(): string | undefined {
    // A tap's copy is a copy until the packet socket has it.
    return this.events.findLast((event) => event.packet_origin !== undefined)?.packet_origin;
  }

  get mergedInto(): number | undefined {
    return this.events.at(-1)!.merged_into;
  }

  get first(): FollowedEvent {
    return this.events[0];
  }

  get last(): FollowedEvent {
    return this.events.at(-1)!;
  }

  get address(): string {
    return this.first.packet_id;
  }

  /** In the order in which they were called. */
  get functions(): string[] {
    return this.events.filter((event) => !event.is_return).map((event) => event.function);
  }

  has(name: string): boolean {
    return this.count(name) > 0;
  }

  count(name: string): number {
    return this.functions.filter((other) => other === name).length;
  }
}

/** A packet that matched by itself, and all that came out of it. */
export class Family {
  constructor(readonly root: Packet, readonly members: readonly Packet[]) {}

  /** The members whose function it is. */
  with(name: string): Packet[] {
    return this.members.filter((member) => member.has(name));
  }

  ofOrigin(origin: string): Packet[] {
    return this.members.filter((member) => member.origin === origin);
  }

  /** For messages. */
  toString(): string {
    return this.members.map((member) => {
      const merged = member.mergedInto === undefined ? "" : ` merged into ${member.mergedInto}`;
      const from = `${member.origin ?? "root"} ${member.parent ?? ""}${merged}`;
      return `${member.number} (${from}): ${member.functions.join(" ")}`;
    }).join("\n");
  }

  /** How often any of them was in the function. */
  count(name: string): number {
    return this.members.reduce((sum, member) => sum + member.count(name), 0);
  }
}

export interface Journeys {
  readonly packets: ReadonlyMap<number, Packet>;
  readonly families: readonly Family[];
  /** Packets that came out of one without events: all of its own were lost, or none is traced. */
  readonly strays: readonly Packet[];
}

/** The events of `-o json`. A schema would take seconds for tens of thousands in an emulated guest: it sees a few. */
export function parseFollowed(stdout: string): FollowedEvent[] {
  assert(stdout === "" || stdout.endsWith("\n"), "the last line has no end");
  const lines = stdout.split("\n").slice(0, -1);
  parseEvents(lines.slice(0, CHECKED_LINES).map((line) => `${line}\n`).join(""));
  return lines.map((line) => JSON.parse(line));
}

const CHECKED_LINES = 100;

/** Reads the events of a trace in which nothing contradicts itself. @throws AssertionError if something does */
export function readJourneys(lines: readonly JsonEvent[]): Journeys {
  const events = (lines as readonly FollowedEvent[]).toSorted((a, b) => a.timestamp - b.timestamp);
  const packets = new Map<number, Packet>();
  for (const [number, all] of Map.groupBy(events, (event) => event.packet)) {
    assert(Number.isInteger(number) && number > 0, `packet ${number}: ${JSON.stringify(all[0])}`);
    packets.set(number, new Packet(number, all));
  }
  for (const packet of packets.values()) checkPacket(packet);
  checkAddresses(packets);
  const roots: Packet[] = [], strays: Packet[] = [];
  for (const packet of packets.values()) {
    if (packet.parent === undefined) roots.push(packet);
    else {
      const parent = packets.get(packet.parent);
      if (parent === undefined) strays.push(packet);
      else parent.children.push(packet);
    }
  }
  const families = roots.map((root) => new Family(root, membersFrom(root)));
  const reached = families.flatMap(({ members }) => members).length;
  const below = strays.flatMap((stray) => membersFrom(stray)).length;
  assert.equal(reached + below, packets.size, "some packets are their own ancestors");
  return { packets, families, strays };
}

/** The packet, and what came out of it, directly or not. */
function membersFrom(packet: Packet): Packet[] {
  return [packet, ...packet.children.flatMap(membersFrom)];
}

/** For messages: the events of a packet without what they have in common. */
function describe(packet: Packet): string {
  const { number, origin, parent, mergedInto, address, first, events } = packet;
  const from = `${origin ?? "root"} ${parent ?? ""}`;
  const merged = mergedInto === undefined ? "" : `, merged into ${mergedInto}`;
  const calls = events.map((event) =>
    `${(event.timestamp - first.timestamp) / 1000} ${event.function}${event.is_return ? "<" : ""}`
  );
  return `packet ${number} (${from}${merged}), ${address}, from ${first.timestamp} on (in us):\n${
    calls.join("\n")
  }`;
}

/** Of the functions that a fragment goes through on its way out, those that may be the first that is traced. */
const FRAGMENTS_GO_OUT =
  /^(?:ip6?_(?:copy_metadata|fraglist_prepare|finish_output2)|dev_hard_start_xmit)$/;

function checkPacket(packet: Packet): void {
  const { events } = packet, described = () => describe(packet);
  const distinct = (values: unknown[]) => new Set(values.filter((value) => value !== undefined));
  assert(distinct(events.map((event) => event.packet_id)).size === 1, described());
  assert(distinct(events.map((event) => event.parent)).size <= 1, described());
  const origins = distinct(events.map((event) => event.packet_origin));
  assert(origins.size <= 1 || [...origins].join() === "copy,tap", described());
  assert(
    events.every((event) => (event.parent === undefined) === (event.packet_origin === undefined)),
  );
  // What merged says so from then on, unless it becomes a fragment again.
  const merged = events.findIndex((event) => event.merged_into !== undefined);
  const after = merged < 0 ? [] : events.slice(merged);
  const again = after.find((event) => event.merged_into === undefined);
  assert(again === undefined || FRAGMENTS_GO_OUT.test(again.function), described());
  assert(packet.mergedInto !== packet.number && packet.parent !== packet.number, described());
  const end = events.findIndex((event) => AFTER_THE_END.test(event.function) && !event.is_return);
  const late = end < 0 ? [] : events.slice(end);
  assert(late.every((event) => AFTER_THE_END.test(event.function) || event.is_return), described());
}

/** At any time an address is that of one packet. */
function checkAddresses(packets: ReadonlyMap<number, Packet>): void {
  for (const packetsThere of Map.groupBy(packets.values(), (packet) => packet.address).values()) {
    const inTime = packetsThere.toSorted((a, b) => a.first.timestamp - b.first.timestamp);
    for (let i = 1; i < inTime.length; i++) {
      const [before, after] = [inTime[i - 1], inTime[i]];
      const gone = before.events.filter((event) => !event.is_return).at(-1) ?? before.last;
      assert(
        gone.timestamp <= after.first.timestamp,
        `one address, two packets at a time:\n${describe(before)}\n${describe(after)}`,
      );
    }
  }
}

/** Holds a complete trace of all functions to more: every parent is there, and is older than its child. */
export function checkComplete({ packets, strays }: Journeys): void {
  assert.deepEqual(strays.map(describe), []);
  for (const packet of packets.values()) {
    const parent = packets.get(packet.parent ?? 0);
    if (parent === undefined) continue;
    const isOlder = parent.first.timestamp <= packet.first.timestamp;
    assert(isOlder, `${describe(parent)}\n${describe(packet)}`);
  }
}
