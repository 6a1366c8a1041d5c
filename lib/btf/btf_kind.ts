/** The kinds of BTF types (`BTF_KIND_*` in include/uapi/linux/btf.h). */
export const BtfKind = {
  VOID: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/**
 * The number of 32-bit words of a type, by kind: those that every type of the kind has (name, info, size
 * or type, and what the kind adds), and those of each of its `vlen` members, values, parameters or variables.
 */
const SHAPES: Readonly<Record<keyof typeof BtfKind, readonly [fixed: number, element: number]>> = {
  VOID: [0, 0], // only type 0, which BTF does not spell out
  INT: [4, 0],
  PTR: [3, 0],
  ARRAY: [6, 0],
  STRUCT: [3, 3],
  UNION: [3, 3],
  ENUM: [3, 2],
  FWD: [3, 0],
  TYPEDEF: [3, 0],
  VOLATILE: [3, 0],
  CONST: [3, 0],
  RESTRICT: [3, 0],
  FUNC: [3, 0], // has its linkage in place of a vlen
  FUNC_PROTO: [3, 2],
  VAR: [4, 0],
  DATASEC: [3, 3],
  FLOAT: [3, 0],
  DECL_TAG: [4, 0],
  TYPE_TAG: [3, 0],
  ENUM64: [3, 3],
};

/** Number of words that every type of a kind has, by kind; 0 for VOID. */
export const FIXED_WORDS = Uint8Array.from(Object.values(SHAPES), ([fixed]) => fixed);
/** Number of words of each element of a type, by kind. */
export const ELEMENT_WORDS = Uint8Array.from(Object.values(SHAPES), ([, element]) => element);
