/** From the BTF of an event struct to what prints it: a plan that is made once. */
import type { IpftError } from "../base/errors.ts";
import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_kind.ts";
import { ADDRESSES, addressPrinter } from "./address_printers.ts";
import { arrayOf, intOf, isStruct, sizeOf } from "../btf/btf_types.ts";
import type { EventStruct } from "./event_struct.ts";
import { scalarOf, scalarPrinter } from "./scalar_printer.ts";
import { type MemberFormat, memberFormat } from "./member_format.ts";
import { moduleError } from "./extension_error.ts";
import {
  charsPrinter,
  encoded,
  type Printer,
  type SymbolName,
  type Target,
} from "./value_printers.ts";

/** What is printed of a struct: the name of a member, and the value after it. */
export interface Field {
  readonly name: string;
  readonly print: Printer;
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
 * The members of the event struct, those of anonymous structs and unions among them as in C.
 * @param symbolName for members that are shown as the name of an address
 * @throws IpftError that names the member that cannot be shown, or not as it is tagged
 */
export function structFields(
  event: EventStruct,
  target: Target,
  symbolName: SymbolName,
): Field[] {
  return new StructPrinter(event, target, symbolName).fields(event.id, 0, "", 0);
}

class StructPrinter {
  readonly #event: EventStruct;
  readonly #btf: Btf;
  readonly #target: Target;
  readonly #symbolName: SymbolName;
  #values = 0;

  constructor(event: EventStruct, target: Target, symbolName: SymbolName) {
    this.#event = event;
    this.#btf = event.btf;
    this.#target = target;
    this.#symbolName = symbolName;
  }

  /** @param path what the members' names follow in messages: `address.` */
  fields(struct: number, bitOffset: number, path: string, depth: number): Field[] {
    const btf = this.#btf;
    return btf.members(struct).flatMap(({ name, type, bitOffset: offset, bitSize }, index) => {
      const member = `${path}${name}`;
      const id = btf.skipModifiers(type);
      const at = bitOffset + offset;
      this.#count(member, depth);
      if (name === "" && isStruct(btf, id)) return this.fields(id, at, path, depth + 1);
      const format = memberFormat(this.#event, this.#event.tags(struct, index), member);
      const place = { id, bitOffset: at, bitSize, format, member, depth };
      return { name, print: this.#value(place) };
    });
  }

  #value(place: ValuePlace): Printer {
    const { id, bitOffset, bitSize, format, member, depth } = place;
    const btf = this.#btf;
    if (format.name === "ipv4" || format.name === "ipv6" || format.name === "mac") {
      const { sizeBytes } = ADDRESSES[format.name];
      if (bitSize === 0 && sizeOf(btf, id) === sizeBytes) {
        this.#check(member, bitOffset, sizeBytes * 8);
        return addressPrinter(format.name, bitOffset / 8, this.#target);
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
    const printer = scalarPrinter(btf, scalar, format, this.#target, this.#symbolName);
    if (typeof printer === "string") throw this.#unfit(place, printer);
    return printer;
  }

  /** `[1, 2]`, and characters as text. */
  #array(place: ValuePlace): Printer {
    const btf = this.#btf;
    const { id, bitOffset, format, member, depth } = place;
    const { element, length } = arrayOf(btf, id);
    const elementBits = sizeOf(btf, element) * 8;
    if (length > 0) this.#check(member, bitOffset, elementBits * length);
    const isText = btf.kind(element) === BtfKind.INT && intOf(btf, element).isChar &&
      format.tag === "";
    if (isText) return charsPrinter(bitOffset / 8, length, this.#target);
    const elements: Printer[] = [];
    for (let index = 0; index < length; index++) {
      this.#count(member, depth);
      const at = bitOffset + index * elementBits;
      elements.push(this.#value({ ...place, id: element, bitOffset: at, depth: depth + 1 }));
    }
    const { out, isJson } = this.#target;
    const separator = isJson ? "," : ", ";
    return (data, at) => {
      out.appendAscii("[");
      elements.forEach((print, index) => {
        if (index > 0) out.appendAscii(separator);
        print(data, at);
      });
      out.appendAscii("]");
    };
  }

  /** `{ port: 80 address: 192.0.2.1 }`, in JSON an object. */
  #struct(fields: readonly Field[]): Printer {
    const { out, isJson } = this.#target;
    const keys = fields.map(({ name }, index) => fieldKey(name, isJson, index === 0));
    return (data, at) => {
      out.appendAscii("{");
      fields.forEach(({ print }, index) => {
        out.append(keys[index]);
        print(data, at);
      });
      out.appendAscii(isJson ? "}" : " }");
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
    return moduleError(this.#event.source, why, remedy);
  }
}

/** A name as it stands before its value: ` port: `, in JSON `"port":` after the comma that it may need. */
export function fieldKey(name: string, isJson: boolean, isFirst: boolean): Uint8Array {
  if (!isJson) return encoded(` ${name}: `, false);
  return encoded(`${isFirst ? "" : ","}${JSON.stringify(name)}:`, false);
}
