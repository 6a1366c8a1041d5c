/** Turns the BTF of an event struct into what writes its members: a plan that is made once. */
import type { IpftError } from "../base/errors.ts";
import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_kind.ts";
import { arrayOf, intOf, isStruct, sizeOf } from "../btf/btf_types.ts";
import type { Encoded, FieldWriter } from "../event/fields.ts";
import type { EventStruct } from "./event_struct.ts";
import { extensionError } from "./extension_error.ts";
import { type MemberFormat, memberFormat } from "./member_format.ts";
import { scalarOf, scalarWriter } from "./scalar_writer.ts";
import {
  ADDRESS_BYTES,
  addressWriter,
  charactersWriter,
  type SymbolName,
  type WriteValue,
} from "./value_writers.ts";

/** A member of a struct: its name, and what writes its value. */
export interface StructField {
  readonly name: string;
  readonly key: Encoded;
  readonly write: WriteValue;
}

/** A value of the event struct. */
interface ValuePlace {
  /** Its type, without modifiers. */
  readonly id: number;
  /** From the beginning of the data. */
  readonly bitOffset: number;
  /** Width of a bit field, 0 for any other value. */
  readonly bitSize: number;
  readonly format: MemberFormat;
  /** `address.port`, for messages. */
  readonly member: string;
  /** How many structs and arrays it is in. */
  readonly depth: number;
}

/** More than there are in 64 bytes, even if each bit is a member and unions show some twice. */
const MAX_VALUES = 1024, MAX_DEPTH = 16;

/**
 * The members of the event struct. Those of anonymous structs and unions are among them, as in C.
 * @param symbolName for members that are shown as the name of an address
 * @throws IpftError that names a member when it cannot be shown, or not as its tag says
 */
export function structFields(
  event: EventStruct,
  writer: FieldWriter,
  symbolName: SymbolName,
): StructField[] {
  return new StructPlan(event, writer, symbolName).fields(event.id, 0, "", 0);
}

const encoder = new TextEncoder();

class StructPlan {
  readonly #event: EventStruct;
  readonly #btf: Btf;
  readonly #writer: FieldWriter;
  readonly #symbolName: SymbolName;
  #values = 0;

  constructor(event: EventStruct, writer: FieldWriter, symbolName: SymbolName) {
    this.#event = event;
    this.#btf = event.btf;
    this.#writer = writer;
    this.#symbolName = symbolName;
  }

  /** @param path what the members' names follow in messages: `address.` */
  fields(struct: number, bitOffset: number, path: string, depth: number): StructField[] {
    const btf = this.#btf;
    return btf.members(struct).flatMap(({ name, type, bitOffset: offset, bitSize }, index) => {
      const member = `${path}${name}`;
      const id = btf.skipModifiers(type);
      const at = bitOffset + offset;
      this.#count(member, depth);
      if (name === "" && isStruct(btf, id)) return this.fields(id, at, path, depth + 1);
      const format = memberFormat(this.#event, this.#event.tags(struct, index), member);
      const place = { id, bitOffset: at, bitSize, format, member, depth };
      const key = this.#writer.encodeName(encoder.encode(name));
      return { name, key, write: this.#value(place) };
    });
  }

  #value(place: ValuePlace): WriteValue {
    const { id, bitOffset, bitSize, format, member, depth } = place;
    const btf = this.#btf;
    if (format.name === "ipv4" || format.name === "ipv6" || format.name === "mac") {
      const sizeBytes = ADDRESS_BYTES[format.name];
      if (bitSize === 0 && sizeOf(btf, id) === sizeBytes) {
        this.#check(member, bitOffset, sizeBytes * 8);
        return addressWriter(format.name, bitOffset / 8, this.#writer);
      }
      if (btf.kind(id) !== BtfKind.ARRAY) {
        throw this.#unfit(place, `which is for ${sizeBytes} bytes`);
      }
    }
    if (btf.kind(id) === BtfKind.ARRAY) return this.#array(place);
    if (isStruct(btf, id)) {
      if (format.tag !== "") throw this.#unfit(place, "which is not for a struct");
      return this.#struct(this.fields(id, bitOffset, `${member}.`, depth + 1));
    }
    const scalar = scalarOf(btf, id, bitOffset, bitSize);
    if (scalar === undefined) {
      throw this.#error(
        `member ${member} is of a type that ipft cannot show`,
        "make it an integer, a char, a bool, an enum or a pointer, or an array or struct of them",
      );
    }
    this.#check(member, scalar.bitOffset, scalar.bits);
    const write = scalarWriter(btf, scalar, format, this.#writer, this.#symbolName);
    if (typeof write === "string") throw this.#unfit(place, write);
    return write;
  }

  /** Characters are one text, all other elements a list. */
  #array(place: ValuePlace): WriteValue {
    const btf = this.#btf;
    const { id, bitOffset, format, member, depth } = place;
    const { element, length } = arrayOf(btf, id);
    const elementBits = sizeOf(btf, element) * 8;
    if (length > 0) this.#check(member, bitOffset, elementBits * length);
    const isText = btf.kind(element) === BtfKind.INT && intOf(btf, element).isChar &&
      format.tag === "";
    if (isText) return charactersWriter(bitOffset / 8, length, this.#writer);
    const elements: WriteValue[] = [];
    for (let index = 0; index < length; index++) {
      this.#count(member, depth);
      const at = bitOffset + index * elementBits;
      elements.push(this.#value({ ...place, id: element, bitOffset: at, depth: depth + 1 }));
    }
    const writer = this.#writer;
    return (data, at) => {
      writer.beginList();
      for (const write of elements) {
        writer.element();
        write(data, at);
      }
      writer.endList();
    };
  }

  #struct(fields: readonly StructField[]): WriteValue {
    const writer = this.#writer;
    return (data, at) => {
      writer.beginStruct();
      for (const { key, write } of fields) {
        writer.field(key);
        write(data, at);
      }
      writer.endStruct();
    };
  }

  #count(member: string, depth: number): void {
    if (++this.#values <= MAX_VALUES && depth <= MAX_DEPTH) return;
    throw this.#error(`member ${member} is one of more values than an event can have`);
  }

  /** A value has whole bytes, or fits into bytes, of the struct. */
  #check(member: string, bitOffset: number, bits: number): void {
    if (bits > 0 && bitOffset + bits <= this.#event.sizeBytes * 8) return;
    throw this.#error(`member ${member} is not within its struct`, "compile it again");
  }

  #unfit({ member, format }: ValuePlace, why: string): IpftError {
    return this.#error(
      `member ${member} has the tag ${format.tag}, ${why}`,
      "change the member's type, or its tag",
    );
  }

  #error(why: string, remedy?: string): IpftError {
    return extensionError(this.#event.source, why, remedy);
  }
}
