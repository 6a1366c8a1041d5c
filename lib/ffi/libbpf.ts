/**
 * Binds libbpf. Objects, programs and maps are classes that hide every pointer. The
 * oldest supported version is 1.1, that of Debian 12.
 */
import { environment } from "../base/environment.ts";
import { errnoText, IpftError } from "../base/errors.ts";
import { bundledLibrary, type Functions, openSymbols } from "./library.ts";
import { lastErrno } from "./libc.ts";
import { addressOf, cString, memoryAt } from "./memory.ts";

const SYMBOLS = {
  libbpf_major_version: { parameters: [], result: "u32" },
  libbpf_minor_version: { parameters: [], result: "u32" },
  /* libbpf_print_fn_t fn */
  libbpf_set_print: { parameters: ["function"], result: "pointer" },
  /* const void *buffer, size_t size, const struct bpf_object_open_opts *opts */
  bpf_object__open_mem: { parameters: ["buffer", "usize", "buffer"], result: "pointer" },
  bpf_object__load: { parameters: ["pointer"], result: "i32", nonblocking: true },
  bpf_object__close: { parameters: ["pointer"], result: "void" },
  bpf_object__find_program_by_name: { parameters: ["pointer", "buffer"], result: "pointer" },
  bpf_object__find_map_by_name: { parameters: ["pointer", "buffer"], result: "pointer" },
  bpf_object__next_program: { parameters: ["pointer", "pointer"], result: "pointer" },
  bpf_program__set_autoload: { parameters: ["pointer", "bool"], result: "i32" },
  bpf_program__set_expected_attach_type: { parameters: ["pointer", "i32"], result: "i32" },
  /* prog, int attach_prog_fd, const char *attach_func_name */
  bpf_program__set_attach_target: { parameters: ["pointer", "i32", "buffer"], result: "i32" },
  bpf_program__set_log_level: { parameters: ["pointer", "u32"], result: "i32" },
  /* prog, char *log_buf, size_t log_size */
  bpf_program__set_log_buf: { parameters: ["pointer", "buffer", "usize"], result: "i32" },
  bpf_program__fd: { parameters: ["pointer"], result: "i32" },
  bpf_program__insns: { parameters: ["pointer"], result: "pointer" },
  bpf_program__insn_cnt: { parameters: ["pointer"], result: "usize" },
  bpf_map__set_autocreate: { parameters: ["pointer", "bool"], result: "i32" },
  bpf_map__set_max_entries: { parameters: ["pointer", "u32"], result: "i32" },
  bpf_map__fd: { parameters: ["pointer"], result: "i32" },
  /* int fd, const void *key, const void *value, __u64 flags */
  bpf_map_update_elem: {
    parameters: ["i32", "buffer", "buffer", "u64"],
    result: "i32",
    nonblocking: true,
  },
  /* type, name, key_size, value_size, max_entries, const struct bpf_map_create_opts *opts */
  bpf_map_create: {
    parameters: ["i32", "buffer", "u32", "u32", "u32", "pointer"],
    result: "i32",
    nonblocking: true,
  },
  /* const char *filename, struct bpf_linker_opts *opts */
  bpf_linker__new: { parameters: ["buffer", "pointer"], result: "pointer" },
  /* linker, const char *filename, const struct bpf_linker_file_opts *opts */
  bpf_linker__add_file: { parameters: ["pointer", "buffer", "pointer"], result: "i32" },
  bpf_linker__finalize: { parameters: ["pointer"], result: "i32" },
  bpf_linker__free: { parameters: ["pointer"], result: "void" },
  /* type, name, license, insns, insn_cnt, const struct bpf_prog_load_opts *opts */
  bpf_prog_load: {
    parameters: ["i32", "buffer", "buffer", "buffer", "usize", "buffer"],
    result: "i32",
    nonblocking: true,
  },
} as const;

type Symbols = Functions<typeof SYMBOLS>;

/**
 * The libraries that `make` puts into `native/`, each after those that it needs: the dynamic linker uses
 * a library that is already open instead of searching for it.
 */
const BUNDLED = ["libz.so.1", "libelf.so.1", "libbpf.so.1"];

let opened: Symbols | undefined;

/**
 * Returns the functions of libbpf, which is opened at the first call: commands that do not touch the
 * kernel run without it.
 * @throws IpftError when libbpf is missing, unusable or older than 1.1
 */
export function libbpf(): Symbols {
  return opened ??= open();
}

/** Returns the version of libbpf: `1.1`. */
export function libbpfVersion(): string {
  return `${libbpf().libbpf_major_version()}.${libbpf().libbpf_minor_version()}`;
}

/** Opens the bundled libbpf, or that of `$IPFT_LIBBPF` with the libraries that the system has for it. */
function open(): Symbols {
  const chosen = environment("IPFT_LIBBPF");
  if (chosen) return openLibrary(chosen);
  const paths = BUNDLED.map(bundledLibrary);
  for (const path of paths.slice(0, -1)) openSymbols(path, {}, REMEDY);
  return openLibrary(paths.at(-1)!);
}

const REMEDY = "run make bpf, or set IPFT_LIBBPF to a libbpf.so.1 of version 1.1 or later";

/**
 * Opens libbpf and checks its version.
 * @throws IpftError when it is missing, unusable or older than 1.1
 */
export function openLibrary(path: string): Symbols {
  const symbols = openSymbols(path, SYMBOLS, REMEDY);
  requireVersion(path, symbols.libbpf_major_version(), symbols.libbpf_minor_version());
  return symbols;
}

/** Checks a version of libbpf. @throws IpftError when it is older than 1.1 */
export function requireVersion(path: string, major: number, minor: number): void {
  if (major > 1 || (major === 1 && minor >= 1)) return;
  throw new IpftError(`${path} is libbpf ${major}.${minor}, too old`, REMEDY);
}

/** A BPF object. Disposing it unloads its programs and maps, except those that links still hold. */
export class BpfObject implements Disposable {
  readonly #pointer: Deno.PointerObject;
  readonly #name: string;

  /**
   * Opens an ELF image.
   * @param name the object's name in messages and in the kernel's names of its internal maps
   * @throws IpftError when libbpf rejects the image
   */
  constructor(elf: Uint8Array<ArrayBuffer>, name: string) {
    // struct bpf_object_open_opts { size_t sz; const char *object_name; … }
    const objectName = cString(name);
    const options = new BigUint64Array([16n, addressOf(objectName)]);
    const pointer = libbpf().bpf_object__open_mem(elf, BigInt(elf.length), options);
    if (pointer === null) {
      throw new IpftError(`cannot open the BPF object ${name}: ${errnoText(lastErrno())}`);
    }
    this.#pointer = pointer;
    this.#name = name;
  }

  /**
   * Loads maps and programs into the kernel, on another thread: the verifier may take seconds for an
   * extension, and a signal that ends ipft ends it.
   * @returns 0 or a negative errno
   */
  load(): Promise<number> {
    return libbpf().bpf_object__load(this.#pointer);
  }

  /** Iterates over the programs of the object, in order. */
  *programs(): Generator<BpfProgram> {
    const next = (after: Deno.PointerValue) =>
      libbpf().bpf_object__next_program(this.#pointer, after);
    for (let program = next(null); program !== null; program = next(program)) {
      yield new BpfProgram(program);
    }
  }

  /** Returns the program of this name. @throws Error when there is none, which is a bug */
  program(name: string): BpfProgram {
    const found = libbpf().bpf_object__find_program_by_name(this.#pointer, cString(name));
    if (found === null) throw new Error(`no program ${name} in ${this.#name}`);
    return new BpfProgram(found);
  }

  /** Returns the map of this name. @throws Error when there is none, which is a bug */
  map(name: string): BpfMap {
    const found = libbpf().bpf_object__find_map_by_name(this.#pointer, cString(name));
    if (found === null) throw new Error(`no map ${name} in ${this.#name}`);
    return new BpfMap(found);
  }

  [Symbol.dispose](): void {
    libbpf().bpf_object__close(this.#pointer);
  }
}

/** A program of an object; valid until the object is disposed. */
export class BpfProgram {
  readonly #pointer: Deno.PointerObject;

  constructor(pointer: Deno.PointerObject) {
    this.#pointer = pointer;
  }

  /** Whether `BpfObject.load` loads the program. Set it before that. */
  set autoload(load: boolean) {
    libbpf().bpf_program__set_autoload(this.#pointer, load);
  }

  /** The `enum bpf_attach_type`, as a number so that it may be newer than libbpf. */
  set expectedAttachType(type: number) {
    libbpf().bpf_program__set_expected_attach_type(this.#pointer, type);
  }

  /** Sets the function of an fentry program by its name in the kernel's BTF. Returns 0 or a negative errno. */
  setAttachTarget(functionName: string): number {
    return libbpf().bpf_program__set_attach_target(this.#pointer, 0, cString(functionName));
  }

  /**
   * Directs the verifier's log to `buffer`, NUL-terminated, instead of `LibbpfLog`.
   * @param buffer the caller keeps it reachable until the object is loaded
   * @param level `BPF_LOG_*` of the kernel's include/linux/bpf_verifier.h
   */
  setLog(buffer: Uint8Array<ArrayBuffer>, level: number): void {
    libbpf().bpf_program__set_log_buf(this.#pointer, buffer, BigInt(buffer.length));
    libbpf().bpf_program__set_log_level(this.#pointer, level);
  }

  /** File descriptor of the loaded program; negative when it is not loaded. */
  get fd(): number {
    return libbpf().bpf_program__fd(this.#pointer);
  }

  /** Returns a copy of the instructions, 8 bytes each. Once loaded, they are relocated. */
  instructions(): Uint8Array<ArrayBuffer> {
    const pointer = libbpf().bpf_program__insns(this.#pointer)!;
    const count = Number(libbpf().bpf_program__insn_cnt(this.#pointer));
    return new Uint8Array(memoryAt(pointer, count * 8)).slice();
  }
}

/** A map of an object; valid until the object is disposed. */
export class BpfMap {
  readonly #pointer: Deno.PointerObject;

  constructor(pointer: Deno.PointerObject) {
    this.#pointer = pointer;
  }

  /** Whether `BpfObject.load` makes the map. Set it before that; no program that is loaded may use it then. */
  set autocreate(create: boolean) {
    libbpf().bpf_map__set_autocreate(this.#pointer, create);
  }

  /** The capacity of the map. Set it before the object is loaded. */
  set maxEntries(entries: number) {
    libbpf().bpf_map__set_max_entries(this.#pointer, entries);
  }

  /** File descriptor of the map; negative until the object is loaded. */
  get fd(): number {
    return libbpf().bpf_map__fd(this.#pointer);
  }
}
