import assert from "node:assert/strict";
import { checkProcess, commBytes, findSockets } from "../../../lib/kernel/process_sockets.ts";

/** A process, or a thread, which has a name only. */
interface Described {
  readonly comm: string;
  /** What its descriptors are links to. */
  readonly links?: readonly string[];
  readonly threads?: Readonly<Record<number, string>>;
  /** The process that it is a thread of. */
  readonly threadOf?: number;
}

/** A folder like /proc. */
class Procfs implements Disposable {
  readonly path = Deno.makeTempDirSync();

  constructor(processes: Readonly<Record<number, Described>>) {
    Deno.mkdirSync(`${this.path}/sys`);
    Deno.writeTextFileSync(`${this.path}/meminfo`, "");
    for (const [id, { comm, links = [], threads = {}, threadOf }] of Object.entries(processes)) {
      const folder = `${this.path}/${id}`;
      Deno.mkdirSync(`${folder}/fd`, { recursive: true });
      Deno.writeTextFileSync(`${folder}/comm`, `${comm}\n`);
      Deno.writeTextFileSync(
        `${folder}/status`,
        `Name:\t${comm}\nTgid:\t${threadOf ?? id}\nPid:\t${id}\n`,
      );
      links.forEach((target, fd) => Deno.symlinkSync(target, `${folder}/fd/${fd}`));
      for (const [thread, name] of Object.entries({ [id]: comm, ...threads })) {
        Deno.mkdirSync(`${folder}/task/${thread}`, { recursive: true });
        Deno.writeTextFileSync(`${folder}/task/${thread}/comm`, `${name}\n`);
      }
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

const PROCESSES: Readonly<Record<number, Described>> = {
  1: { comm: "init", links: ["/dev/null", "socket:[18446744073709551615]"] },
  20: {
    comm: "server",
    links: ["socket:[5]", "pipe:[6]", "anon_inode:[eventpoll]", "/tmp/socket:[7]", "socket:[8]"],
    threads: { 21: "worker" },
  },
  30: { comm: "worker", links: ["socket:[5]", "socket:[9]", "socket:[9] ", "socket:[]"] },
  40: { comm: "(x) y", links: [] },
  50: { comm: "abcdefghijklmno" },
};

Deno.test("findSockets finds what processes have open, by id, by name, by both", () => {
  using proc = new Procfs(PROCESSES);
  const found = (...args: Parameters<typeof findSockets>) => {
    const { processes, inodes } = findSockets(args[0], proc.path);
    return [processes, ...inodes];
  };
  assert.deepEqual(found({ pid: 1 }), [1, 2n ** 64n - 1n]);
  assert.deepEqual(found({ pid: 20 }).toSorted(), [1, 5n, 8n]);
  assert.deepEqual(found({ pid: 60 }), [0]);
  assert.deepEqual(found({ comm: "server" }).toSorted(), [1, 5n, 8n]);
  assert.deepEqual(found({ comm: "worker" }).toSorted(), [2, 5n, 8n, 9n]); // a thread's, too
  assert.deepEqual(found({ comm: "work" }), [0]);
  assert.deepEqual(found({ comm: "workers" }), [0]);
  assert.deepEqual(found({ comm: "(x) y" }), [1]);
  assert.deepEqual(found({ comm: "abcdefghijklmnopqr" }), [1]);
  assert.deepEqual(found({ pid: 20, comm: "worker" }).toSorted(), [1, 5n, 8n]);
  assert.deepEqual(found({ pid: 30, comm: "server" }), [0]);
});

Deno.test("findSockets finds those of this process", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  assert.equal(listener.addr.transport, "tcp");
  const links = Array.from(Deno.readDirSync("/proc/self/fd"), ({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      return ""; // that of the directory itself
    }
  });
  const expected = new Set(
    links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []).map(BigInt),
  );
  const { processes, inodes } = findSockets({ pid: Deno.pid });
  assert.equal(processes, 1);
  assert.ok(inodes.size > 0);
  assert.deepEqual(inodes, expected);
  const comm = (await Deno.readTextFile("/proc/self/comm")).slice(0, -1);
  const named = findSockets({ comm });
  assert.ok(named.processes >= 1 && [...inodes].every((inode) => named.inodes.has(inode)));
});

Deno.test("findSockets says what it may not see", () => {
  using proc = new Procfs({ 1: { comm: "init" } });
  Deno.removeSync(`${proc.path}/1/fd`);
  Deno.writeTextFileSync(`${proc.path}/1/fd`, "");
  const message = `cannot see what is in ${proc.path}/1/fd: ENOTDIR (not a directory); ` +
    "run ipft with CAP_SYS_PTRACE, or choose the packets by another condition";
  assert.throws(() => findSockets({ pid: 1 }, proc.path), { name: "IpftError", message });
});

Deno.test("checkProcess refuses what is not a process", () => {
  using proc = new Procfs({ ...PROCESSES, 21: { comm: "worker", threadOf: 20 } });
  for (const process of [{ pid: 20 }, { comm: "nosuch" }, { pid: 20, comm: "x" }, {}]) {
    checkProcess(process, proc.path);
  }
  const refused = (process: Parameters<typeof checkProcess>[0], message: RegExp) =>
    assert.throws(() => checkProcess(process, proc.path), { exitCode: 2, message });
  refused({ pid: 22 }, /^--pid 22: there is no such process; /);
  refused({ pid: 21 }, /^--pid 21 is a thread of process 20; give --pid 20$/);
  refused({ comm: "" }, /^--comm without a name; /);
});

Deno.test("commBytes cuts a name off where the kernel does, in the middle of a character too", () => {
  assert.deepEqual(commBytes("é"), new Uint8Array([0xc3, 0xa9]));
  assert.equal(commBytes("abcdefghijklmnopq").length, 15);
  assert.equal(commBytes("éééééééé").at(-1), 0xc3);
});
