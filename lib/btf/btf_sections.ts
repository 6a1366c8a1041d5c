import { IpftError } from "../base/errors.ts";

/** The two sections of raw BTF. */
export interface BtfSections {
  readonly types: Uint32Array;
  /** Byte offset of the types in the source, for messages. */
  readonly typesAt: number;
  readonly strings: Uint8Array;
}

/** Size of the fields that every header has. Newer headers append others, which are not needed here. */
const HEADER_BYTES = 24;
const MAGIC = 0xeb9f;
const MAGIC_SWAPPED = 0x9feb;
const VERSION = 1;

/**
 * Finds the sections of raw BTF by its header (`struct btf_header` in include/uapi/linux/btf.h).
 * @param isSplit whether it is split BTF, which may lack strings of its own
 * @throws IpftError when the header is not one of BTF or a section is out of bounds
 */
export function readBtfSections(
  bytes: Uint8Array,
  source: string,
  isSplit: boolean,
): BtfSections {
  const corrupt = (why: string) => new IpftError(`cannot read the BTF of ${source}: ${why}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES) {
    throw corrupt(`it has ${bytes.length} bytes, fewer than its ${HEADER_BYTES}-byte header`);
  }
  const magic = view.getUint16(0, true);
  if (magic === MAGIC_SWAPPED) throw corrupt("it is big-endian");
  if (magic !== MAGIC) {
    throw corrupt(`its magic is 0x${magic.toString(16)}, not 0x${MAGIC.toString(16)}`);
  }
  const version = view.getUint8(2);
  if (version !== VERSION) throw corrupt(`its version is ${version}, not ${VERSION}`);
  const headerBytes = view.getUint32(4, true);
  if (headerBytes < HEADER_BYTES) throw corrupt(`its header claims ${headerBytes} bytes`);

  // Offset and length of the types at bytes 8 and 12, of the strings at 16 and 20.
  const section = (name: string, field: number) => {
    const start = headerBytes + view.getUint32(field, true);
    const end = start + view.getUint32(field + 4, true);
    if (end <= bytes.length) return bytes.subarray(start, end);
    throw corrupt(`its ${name} end at byte ${end} of ${bytes.length}`);
  };
  const types = section("types", 8);
  const typesAt = types.byteOffset - bytes.byteOffset;
  if ((typesAt | types.length) & 3) {
    throw corrupt(`its types, ${types.length} bytes at byte ${typesAt}, are not 32-bit words`);
  }
  const strings = section("strings", 16);
  const isTerminated = strings.length > 0 ? strings.at(-1) === 0 : isSplit;
  if (!isTerminated || (!isSplit && strings[0] !== 0)) {
    throw corrupt(
      `its strings at byte ${strings.byteOffset - bytes.byteOffset} are not terminated`,
    );
  }

  // A view of 32-bit words must begin at a multiple of 4; a copy always does.
  const aligned = types.byteOffset & 3 ? types.slice() : types;
  return {
    types: new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4),
    typesAt,
    strings,
  };
}
