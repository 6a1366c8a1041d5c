/** The kinds of BTF types (BTF_KIND_* of include/uapi/linux/btf.h). */
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

/** The 32-bit words that a type of one kind consists of. */
export interface BtfShape {
  /** Words of every type of this kind: name, info, size or type, and what the kind adds. */
  readonly fixed: number;
  /** Words of each of its `vlen` members, values, parameters or variables. */
  readonly element: number;
}

/** The shape of every kind, by kind; a FUNC keeps its linkage where others keep their `vlen`. */
export const BTF_SHAPES: readonly (BtfShape | undefined)[] = [
  undefined, // VOID is only ever type 0, which is not written down
  { fixed: 4, element: 0 }, // INT
  { fixed: 3, element: 0 }, // PTR
  { fixed: 6, element: 0 }, // ARRAY
  { fixed: 3, element: 3 }, // STRUCT
  { fixed: 3, element: 3 }, // UNION
  { fixed: 3, element: 2 }, // ENUM
  { fixed: 3, element: 0 }, // FWD
  { fixed: 3, element: 0 }, // TYPEDEF
  { fixed: 3, element: 0 }, // VOLATILE
  { fixed: 3, element: 0 }, // CONST
  { fixed: 3, element: 0 }, // RESTRICT
  { fixed: 3, element: 0 }, // FUNC
  { fixed: 3, element: 2 }, // FUNC_PROTO
  { fixed: 4, element: 0 }, // VAR
  { fixed: 3, element: 3 }, // DATASEC
  { fixed: 3, element: 0 }, // FLOAT
  { fixed: 4, element: 0 }, // DECL_TAG
  { fixed: 3, element: 0 }, // TYPE_TAG
  { fixed: 3, element: 3 }, // ENUM64
];
