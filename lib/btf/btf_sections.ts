import { IpftError } from "../base/errors.ts";

/** The two sections that raw BTF consists of. */
export interface BtfSections {
  readonly types: Uint32Array;
  /** Byte offset of the types in the source, for messages. */
  readonly typesAt: number;
  readonly strings: Uint8Array;
}

/** Size of the header that every BTF has; newer ones append fields that are not needed here. */
const HEADER_BYTES = 24;
const MAGIC = 0xeb9f;
const MAGIC_SWAPPED = 0x9feb;
const VERSION = 1;

/**
 * Finds the sections of raw BTF by its header (`struct btf_header` of include/uapi/linux/btf.h).
 * @param isSplit split BTF may lack strings of its own
 * @throws IpftError when the header is not BTF's or a section is not where it says
 */
export function readBtfSections(
  bytes: Uint8Array,
  source: string,
  isSplit: boolean,
): BtfSections {
  const corrupt = (why: string) => new IpftError(`cannot read the BTF of ${source}: ${why}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES) {
    throw corrupt(`${bytes.length} bytes are too few for its ${HEADER_BYTES}-byte header`);
  }
  const magic = view.getUint16(0, true);
  if (magic === MAGIC_SWAPPED) throw corrupt("it is big-endian");
  if (magic !== MAGIC) {
    throw corrupt(`byte 0 has magic 0x${magic.toString(16)} in place of 0x${MAGIC.toString(16)}`);
  }
  const version = view.getUint8(2);
  if (version !== VERSION) throw corrupt(`byte 2 has version ${version}, known is ${VERSION}`);
  const headerBytes = view.getUint32(4, true);
  if (headerBytes < HEADER_BYTES) throw corrupt(`byte 4 has header length ${headerBytes}`);

  // Offset and length of the types at bytes 8 and 12, of the strings at 16 and 20.
  const section = (name: string, field: number) => {
    const start = headerBytes + view.getUint32(field, true);
    const end = start + view.getUint32(field + 4, true);
    if (end <= bytes.length) return bytes.subarray(start, end);
    throw corrupt(`its ${name} reach to byte ${end}, it has ${bytes.length}`);
  };
  const types = section("types", 8);
  const typesAt = types.byteOffset - bytes.byteOffset;
  if ((typesAt | types.length) & 3) {
    throw corrupt(`its ${types.length} bytes of types at byte ${typesAt} are not 32-bit words`);
  }
  const strings = section("strings", 16);
  const isTerminated = strings.length > 0 ? strings.at(-1) === 0 : isSplit;
  if (!isTerminated || (!isSplit && strings[0] !== 0)) {
    throw corrupt(
      `its strings at byte ${strings.byteOffset - bytes.byteOffset} are not terminated`,
    );
  }

  // A view of 32-bit words must begin at a multiple of 4, which only a copy does for certain.
  const aligned = types.byteOffset & 3 ? types.slice() : types;
  return {
    types: new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4),
    typesAt,
    strings,
  };
}
