import { errnoText, IpftError, usageError } from "../base/errors.ts";
import { type DirectoryEntry, readDirSync, readFileSync } from "../ffi/file.ts";
import { readLink } from "../ffi/path.ts";
import { readKernelText } from "./kernel_file.ts";

/** Which processes: all that are meant by each of these. */
export interface WantedProcess {
  /** A process id in the pid namespace of ipft. */
  readonly pid?: number;
  /** The name of a process, or of one of its threads (`comm`), which the kernel cuts off. */
  readonly comm?: string;
}

/** `TASK_COMM_LEN`: the bytes of a name, the NUL at its end among them. */
const COMM_BYTES = 16;

/** Returns the bytes of a name as the kernel keeps it: no more than 15. */
export function commBytes(comm: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(comm).slice(0, COMM_BYTES - 1);
}

/**
 * Checks that a process can be followed.
 * @param proc where procfs is mounted
 * @throws IpftError wrong usage: there is no such process, or it is a thread; or the name is empty
 */
export function checkProcess({ pid, comm }: WantedProcess, proc = "/proc"): void {
  if (comm === "") {
    throw usageError("--comm without a name", "give one that ps -o comm shows");
  }
  if (pid === undefined) return;
  const status = readKernelText(`${proc}/${pid}/status`);
  const leader = /^Tgid:\t(\d+)$/m.exec(status ?? "")?.[1];
  if (leader === undefined) {
    throw usageError(`--pid ${pid}: there is no such process`, "give an id that ps -e shows");
  }
  // procfs lists only processes, but finds threads too.
  if (Number(leader) !== pid) {
    throw usageError(`--pid ${pid} is a thread of process ${leader}`, `give --pid ${leader}`);
  }
}

/** What the wanted processes have open. */
export interface ProcessSockets {
  /** How many of the processes there are. */
  readonly processes: number;
  /** The inode numbers of their sockets. */
  readonly inodes: ReadonlySet<bigint>;
}

/**
 * Finds the sockets that processes have open. Those that end meanwhile are left out.
 * @param proc where procfs is mounted
 * @throws IpftError when this process may not see what one of them has open
 */
export function findSockets({ pid, comm }: WantedProcess, proc = "/proc"): ProcessSockets {
  const all = pid === undefined ? numbersIn(proc) : [String(pid)];
  const name = comm === undefined ? undefined : commBytes(comm);
  const folders = all.map((id) => `${proc}/${id}`)
    .filter((folder) => name === undefined ? exists(folder) : isNamed(folder, name));
  return {
    processes: folders.length,
    inodes: new Set(folders.flatMap((folder) => socketsIn(`${folder}/fd`))),
  };
}

function exists(folder: string): boolean {
  return typeof readFileSync(`${folder}/comm`) !== "number";
}

/** Whether a process or one of its threads has this name. */
function isNamed(folder: string, name: Uint8Array): boolean {
  if (hasComm(folder, name)) return true;
  return numbersIn(`${folder}/task`).some((id) => hasComm(`${folder}/task/${id}`, name));
}

/** Compares bytes, because a name need not be UTF-8. */
function hasComm(folder: string, name: Uint8Array): boolean {
  const comm = readFileSync(`${folder}/comm`); // and a newline
  if (typeof comm === "number" || comm.length !== name.length + 1) return false;
  return name.every((byte, i) => byte === comm[i]);
}

/** The entries of a directory whose names are numbers. */
function numbersIn(folder: string): string[] {
  return entriesOf(folder).map(({ name }) => name).filter((name) => /^\d+$/.test(name));
}

/** @param folder such as /proc/1234/fd: links like `socket:[56789]` */
function socketsIn(folder: string): bigint[] {
  return entriesOf(folder).flatMap(({ name }) => {
    const target = readLink(`${folder}/${name}`);
    const inode = typeof target === "string" && /^socket:\[(\d+)\]$/.exec(target)?.[1];
    return inode ? [BigInt(inode)] : [];
  });
}

/** @throws IpftError when the directory is there but cannot be read */
function entriesOf(folder: string): DirectoryEntry[] {
  const ENOENT = 2, ESRCH = 3; // its process has ended
  const entries = readDirSync(folder);
  if (typeof entries !== "number") return entries;
  if (entries === -ENOENT || entries === -ESRCH) return [];
  throw new IpftError(
    `cannot see what is in ${folder}: ${errnoText(entries)}`,
    "run ipft with CAP_SYS_PTRACE, or choose the packets by another condition",
  );
}
