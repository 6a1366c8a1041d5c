/** The struct that a module fills its data with, as the BTF of its object describes it. */
import { DATA_BYTES } from "../event/section.ts";
import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_kind.ts";
import { vlenOf } from "../btf/btf_table.ts";
import { nearest } from "../base/nearest.ts";
import { extensionError } from "./extension_error.ts";

/** What marks the struct: a variable of this name, in this section. */
export const EVENT_STRUCT = "__ipft_event_struct", SKIPPED_SECTION = "__ipft_skip";

/** What a tag must begin with to be meant for ipft. */
const TAG_PREFIX = "ipft:";

const SYMBOL_TAG = "ipft:fmt:symbol";

/** The marked struct of an object, and what its members refer to. */
export class EventStruct {
  /** Id of the STRUCT in `btf`. */
  readonly id: number;
  readonly sizeBytes: number;
  /** By struct and member, `17:0`: the tags that are meant for ipft. */
  readonly #tags = new Map<string, string[]>();
  /** Type ids of the other variables of the section, by name. */
  readonly #variables = new Map<string, number>();

  /**
   * @param btf the object's own
   * @param source where the object came from, for messages
   * @throws IpftError when no struct is marked, or it is larger than an event's data
   */
  constructor(readonly btf: Btf, readonly source: string) {
    this.#readVariables();
    const type = this.#variables.get(EVENT_STRUCT);
    if (type === undefined) {
      throw extensionError(
        source,
        `no struct is marked as its output: section ${SKIPPED_SECTION} has no variable ${EVENT_STRUCT}`,
        "include <ipft.h> and write: struct event { ... } __ipft_event_struct; or format the data in Lua",
      );
    }
    this.id = btf.skipModifiers(type);
    if (btf.kind(this.id) !== BtfKind.STRUCT) {
      throw extensionError(
        source,
        `${EVENT_STRUCT} is not a struct`,
        "give it the type of a struct",
      );
    }
    this.sizeBytes = btf.size(this.id);
    if (this.sizeBytes > DATA_BYTES) {
      throw extensionError(
        source,
        `struct ${
          btf.name(this.id)
        } has ${this.sizeBytes} bytes, an event has room for ${DATA_BYTES}`,
        "leave members out or make them smaller",
      );
    }
    this.#readTags();
  }

  /** Whether a member is to be shown as the name of a kernel address. */
  get wantsSymbols(): boolean {
    return [...this.#tags.values()].some((tags) => tags.includes(SYMBOL_TAG));
  }

  /** What ipft is told of a member: `ipft:fmt:hex`. */
  tags(struct: number, index: number): readonly string[] {
    return this.#tags.get(`${struct}:${index}`) ?? [];
  }

  /**
   * The enum of the section's variable of that name.
   * @throws IpftError when there is none
   */
  enumOf(name: string, member: string, tag: string): number {
    const variable = this.#variables.get(name);
    const id = variable === undefined ? 0 : this.btf.skipModifiers(variable);
    const kind = this.btf.kind(id);
    if (kind === BtfKind.ENUM || kind === BtfKind.ENUM64) return id;
    const why = variable === undefined
      ? `there is no variable ${name} in section ${SKIPPED_SECTION}`
      : `${name} is not of an enum type`;
    const known = [...this.#variables.keys()].filter((known) => known !== EVENT_STRUCT);
    const meant = nearest(name, known.filter((known) => known !== name));
    throw extensionError(
      this.source,
      `member ${member} has the tag ${tag}, but ${why}`,
      meant === undefined ? `declare: enum { ... } __ipft_ref(${name});` : `did you mean ${meant}?`,
    );
  }

  #readVariables(): void {
    const { btf } = this;
    for (const section of btf.findOwn(BtfKind.DATASEC, SKIPPED_SECTION)) {
      for (const variable of sectionVariables(btf, section)) {
        this.#variables.set(btf.name(variable), btf.type(variable));
      }
    }
  }

  #readTags(): void {
    const { btf } = this;
    for (let id = btf.firstId; id < btf.endId; id++) {
      if (btf.kind(id) !== BtfKind.DECL_TAG) continue;
      const tag = btf.name(id);
      if (!tag.startsWith(TAG_PREFIX)) continue;
      const key = `${btf.type(id)}:${tagComponent(btf, id)}`;
      const tags = this.#tags.get(key);
      if (tags === undefined) this.#tags.set(key, [tag]);
      else tags.push(tag);
    }
  }
}

/** The VARs of a DATASEC: of each element the first word, the others are its offset and size. */
function sectionVariables(btf: Btf, section: number): number[] {
  const HEADER_WORDS = 3, ELEMENT_WORDS = 3;
  return Array.from(
    { length: vlenOf(btf.word(section, 1)) },
    (_, index) => btf.word(section, HEADER_WORDS + index * ELEMENT_WORDS),
  );
}

/** Which member of its struct a DECL_TAG is about; 0xffffffff for the struct itself. */
function tagComponent(btf: Btf, tag: number): number {
  return btf.word(tag, 3);
}
