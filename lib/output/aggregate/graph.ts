import type { EventBatch } from "../../event/event.ts";
import { chooseLines, Shown } from "../../analysis/call_lines.ts";
import { NO_PARTNER, numberTasks, pairCalls, type Tasks } from "../../analysis/call_tree.ts";
import { orderByTime } from "../../analysis/event_order.ts";
import { EventStore } from "../../analysis/event_store.ts";
import { type Describe, lineEnds } from "../text/line_ends.ts";
import { SEPARATOR_BYTES, writeBlocks } from "../text/packet_blocks.ts";
import { endsPacket } from "../../analysis/packet_end.ts";
import type { Sink, TraceInfo, WriteBytes } from "../sink.ts";
import { type Packets, splitPackets } from "../../analysis/split_packets.ts";
import type { Style } from "../text/style.ts";
import { appendStart, LONGEST_START_BYTES, tableColumns } from "../text/table_text.ts";
import { constant, TextBuffer } from "../text/text_buffer.ts";

/** Follows the number of a duration. */
const UNIT = constant(" us");

/** Columns between a duration and the function, so that braces stand apart. */
const GAP = 2;

/** Columns that a level is indented by. */
const INDENT = 2;

/** What a line says of the function, by `Shown`. */
function descriptions({ name: styled }: Style): Describe[] {
  const by: Describe[] = [];
  by[Shown.entry] = ({ name }) => `${styled(name)}() {`;
  by[Shown.return] = () => "}";
  by[Shown.call] = ({ name }) => `${styled(name)}();`;
  by[Shown.entryAlone] = ({ name }) => `${styled(name)}(); /* return missing */`;
  by[Shown.returnAlone] = ({ name }) => `} /* ${styled(name)}, entry missing */`;
  return by;
}

/** All about the events that their lines need, each by event. */
interface Trees {
  readonly tasks: Tasks;
  readonly partner: Uint32Array;
  readonly packets: Packets;
  readonly shown: Uint8Array;
}

/**
 * The calls that each packet went through, nested: on `finish`, one block of lines per packet, by time,
 * blocks separated by `===` and ordered by their first timestamp. A call with other calls of its packet
 * and task in it is two lines around theirs, which are indented; another call is one line. Its duration
 * is on the last of its lines. Writes nothing when nothing was captured.
 *
 * Until then it holds every event in 21 bytes, and in up to 45 while it sorts and pairs; beside that
 * some 30 bytes for each skb and function that were seen together. With data to format these are 85
 * and 109, and every call is two lines, because its entry and its return have a text each.
 */
export class GraphSink implements Sink {
  readonly #info: TraceInfo;
  readonly #write: WriteBytes;
  readonly #events: EventStore;

  constructor(info: TraceInfo, write: WriteBytes) {
    this.#info = info;
    this.#write = write;
    this.#events = new EventStore({ tasks: true, data: info.dataFormatter !== undefined });
  }

  write(batch: EventBatch): Promise<void> {
    this.#events.append(batch);
    return Promise.resolve();
  }

  async finish(): Promise<void> {
    const events = this.#events;
    if (events.length === 0) return;
    const { functions, originNs, dataFormatter } = this.#info;
    const byTime = orderByTime(events);
    const tasks = numberTasks(events);
    const partner = pairCalls(events, byTime, tasks);
    const isLast = functions.map(({ name }) => endsPacket(name));
    const packets = splitPackets(events, byTime, isLast, partner);
    const shown = chooseLines(events, packets, tasks, partner, dataFormatter === undefined);

    const latestNs = originNs + BigInt(events.timestamp(byTime[byTime.length - 1]));
    await this.#writeTrees({ tasks, partner, packets, shown }, latestNs);
  }

  async #writeTrees({ tasks, partner, packets, shown }: Trees, latestNs: bigint): Promise<void> {
    const events = this.#events;
    const { functions, originNs } = this.#info;
    const { timestampWidth, start, module, style } = tableColumns(this.#info, latestNs);
    const duration = "Duration".padStart(durationWidth(events, partner));
    const heading = `${start} ${module("Module")} ${duration}${" ".repeat(GAP)}Function`;
    const header = constant(`${style.heading(heading)}\n`);
    const modules = functions.map((traced) => constant(` ${style.module(module(traced.module))} `));
    const ends = lineEnds(this.#info, descriptions(style), "\n");
    // The header is as wide as all columns before the function.
    const longestLineBytes = SEPARATOR_BYTES + LONGEST_START_BYTES + header.sizeBytes +
      ends.longestBytes;
    const text = new TextBuffer(this.#write, originNs, timestampWidth, longestLineBytes);
    text.constant(header);
    /** By task: how many calls of the packet are open. */
    const depth = new Uint32Array(tasks.taskCount);
    await writeBlocks(text, events, packets, ends, (event, chunk, at) => {
      const how = shown[event];
      if (how === Shown.nothing) return;
      const task = tasks.taskOf[event];
      if (how === Shown.return) depth[task]--;
      appendStart(text, chunk.timestamp[at], chunk.cpu[at]);
      text.constant(modules[chunk.functionIndex[at]]);
      if (how === Shown.call || how === Shown.return) {
        const durationNs = Math.abs(events.timestamp(partner[event]) - chunk.timestamp[at]);
        text.microseconds(durationNs, duration.length - UNIT.sizeBytes);
        text.constant(UNIT);
      } else {
        text.spaces(duration.length);
      }
      text.spaces(GAP + INDENT * depth[task]);
      ends.append(text, chunk.functionIndex[at], how);
      if (how === Shown.entry) depth[task]++;
    });
  }
}

/** The columns that the longest duration takes. */
function durationWidth(events: EventStore, partner: Uint32Array): number {
  let longestNs = 0;
  for (let event = 0; event < partner.length; event++) {
    if (partner[event] === NO_PARTNER) continue;
    const durationNs = events.timestamp(partner[event]) - events.timestamp(event);
    if (durationNs > longestNs) longestNs = durationNs;
  }
  return String(Math.floor(longestNs / 1000)).length + ".000".length + UNIT.sizeBytes;
}
