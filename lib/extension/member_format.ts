import type { EventStruct } from "./event_struct.ts";
import { extensionError } from "./extension_error.ts";

/** Formats that stand by themselves, and those that refer to an enum. */
const PLAIN = ["hex", "dec", "ipv4", "ipv6", "mac", "symbol"] as const;
const OF_ENUM = ["enum", "enum_flags"] as const;

/** How the tags of a member want its value to be shown. */
export interface MemberFormat {
  /** Undefined: as its type says. */
  readonly name?: typeof PLAIN[number] | typeof OF_ENUM[number];
  /** For formats of an enum: its type. */
  readonly enumId?: number;
  /** Whether its integers are in network byte order. */
  readonly isBigEndian: boolean;
  /** For messages; empty for a member without tags. */
  readonly tag: string;
}

const PREFIX = "ipft:fmt:";
const BIG_ENDIAN = `${PREFIX}be`;

/**
 * Reads the tags of a member.
 * @param member its name, for messages
 * @throws IpftError that names the member and the tag, when it is unknown, or at odds with another
 */
export function memberFormat(
  event: EventStruct,
  tags: readonly string[],
  member: string,
): MemberFormat {
  const formats = tags.filter((tag) => tag !== BIG_ENDIAN).map((tag) => parse(event, tag, member));
  if (formats.length > 1) {
    throw extensionError(
      event.source,
      `member ${member} has the tags ${formats.map(({ tag }) => tag).join(" and ")}`,
      `keep one of them; only ${BIG_ENDIAN} goes together with others`,
    );
  }
  const [format] = formats;
  return { ...format, isBigEndian: formats.length < tags.length, tag: tags.join(" and ") };
}

type Format = Pick<MemberFormat, "name" | "enumId" | "tag">;

function parse(event: EventStruct, tag: string, member: string): Format {
  const [format, reference, ...rest] = tag.slice(PREFIX.length).split(":");
  if (tag.startsWith(PREFIX) && rest.length === 0) {
    const plain = PLAIN.find((name) => name === format);
    if (plain !== undefined && reference === undefined) {
      return { name: plain, tag };
    }
    const ofEnum = OF_ENUM.find((name) => name === format);
    if (ofEnum !== undefined && reference) {
      const enumId = event.enumOf(reference, member, tag);
      return { name: ofEnum, enumId, tag };
    }
  }
  const known = [...PLAIN, "be", ...OF_ENUM.map((name) => `${name}:REF`)];
  throw extensionError(
    event.source,
    `member ${member} has the unknown tag ${tag}`,
    `known are ${known.map((name) => PREFIX + name).join(", ")}`,
  );
}
