import type { IpftError } from "../base/errors.ts";
import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_kind.ts";
import { COMPILE, extensionError } from "./extension_error.ts";

/** What the tracer calls. */
export const SIGNATURE = "int module(void *ctx, struct sk_buff *skb, uint8_t data[64])";

export const PARAMETER_COUNT = 3;

/**
 * Checks the type of the function `module`: what it is given, it must expect.
 * @param btf the object's own
 * @param source what messages call the object
 * @returns the id of its FUNC_PROTO
 * @throws IpftError that says what it has and what it must be
 */
export function checkSignature(btf: Btf, source: string): number {
  const [func] = btf.findOwn(BtfKind.FUNC, "module");
  if (func === undefined) {
    throw extensionError(
      source,
      "its BTF does not describe module()",
      `compile it with: ${COMPILE}`,
    );
  }
  const prototype = btf.type(func);
  const isFit = btf.paramCount(prototype) === PARAMETER_COUNT &&
    pointsTo(btf, btf.paramType(prototype, 0), isAnything) &&
    pointsTo(btf, btf.paramType(prototype, 1), isVoidOrSkb) &&
    pointsTo(btf, btf.paramType(prototype, 2), isVoidOrByte) &&
    isInt(btf, btf.type(prototype));
  if (!isFit) throw unfit(btf, prototype, source);
  return prototype;
}

function unfit(btf: Btf, prototype: number, source: string): IpftError {
  const parameters = Array.from(
    { length: btf.paramCount(prototype) },
    (_, index) => typeName(btf, btf.paramType(prototype, index)),
  );
  const returns = typeName(btf, btf.type(prototype));
  return extensionError(
    source,
    `its signature is ${returns} module(${parameters.join(", ") || "void"})`,
    `it must be ${SIGNATURE}`,
  );
}

type Test = (btf: Btf, id: number) => boolean;

function pointsTo(btf: Btf, id: number, test: Test): boolean {
  const pointer = btf.skipModifiers(id);
  return btf.kind(pointer) === BtfKind.PTR && test(btf, btf.skipModifiers(btf.type(pointer)));
}

/** The context is what the backend makes it: registers or arguments. */
const isAnything: Test = () => true;

const isVoid: Test = (btf, id) => btf.kind(id) === BtfKind.VOID;

/** CO-RE takes `sk_buff___anything` for the kernel's `sk_buff`. */
const isVoidOrSkb: Test = (btf, id) =>
  isVoid(btf, id) ||
  (btf.kind(id) === BtfKind.STRUCT || btf.kind(id) === BtfKind.FWD) &&
    /^sk_buff(___.*)?$/.test(btf.name(id));

const isVoidOrByte: Test = (btf, id) =>
  isVoid(btf, id) || btf.kind(id) === BtfKind.INT && btf.size(id) === 1;

/** The tracer looks at 32 bits of what is returned. */
const isInt: Test = (btf, id) => {
  const type = btf.skipModifiers(id);
  return btf.kind(type) === BtfKind.INT && btf.size(type) === 4;
};

/** Deeper than any type that a person would want to read. */
const MAX_DEPTH = 8;

/** A type as C writes it. */
function typeName(btf: Btf, id: number, depth = 0): string {
  if (depth === MAX_DEPTH) return "…";
  const inner = () => typeName(btf, btf.type(id), depth + 1);
  switch (btf.kind(id)) {
    case BtfKind.VOID:
      return "void";
    case BtfKind.PTR:
      return inner().replace(/([^*])$/, "$1 ") + "*";
    case BtfKind.CONST:
      return `const ${inner()}`;
    case BtfKind.VOLATILE:
      return `volatile ${inner()}`;
    case BtfKind.RESTRICT:
    case BtfKind.TYPE_TAG:
      return inner();
    case BtfKind.STRUCT:
    case BtfKind.FWD:
      return `struct ${btf.name(id)}`;
    case BtfKind.UNION:
      return `union ${btf.name(id)}`;
    case BtfKind.ENUM:
    case BtfKind.ENUM64:
      return `enum ${btf.name(id)}`;
    case BtfKind.FUNC_PROTO:
      return "function";
    default:
      return btf.name(id);
  }
}
