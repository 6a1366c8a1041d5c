/**
 * Packets chosen by process. Shells open sockets and send datagrams when they are told to; what arrives at
 * the ports that they send to is counted here.
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { backendGaps } from "../../lib/bpf/attach/backends.ts";
import { inspectKernel } from "../../lib/kernel/inspect.ts";
import { countEntries } from "./count_entries.ts";
import { assertNothingLeft, ipftCommandLine, shell } from "./ipft.ts";
import { makeConnectedNamespaces } from "./namespaces.ts";

/** A shell that runs one command after the other. */
class Shell implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stdout: ReadableStreamDefaultReader<string>;

  /** @param name what the kernel calls the process */
  static async start(name: string, prefix: readonly string[] = []): Promise<Shell> {
    const started = new Shell(prefix);
    await started.run(`printf %s ${name} >/proc/$$/comm`);
    return started;
  }

  private constructor(prefix: readonly string[]) {
    const [command, ...args] = [...prefix, "bash", "-eu"];
    this.#child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#stdout = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  get pid(): number {
    return this.#child.pid;
  }

  async run(command: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(`${command}\necho done\n`));
    const { value } = await this.#stdout.read();
    assert.equal(value, "done\n", command);
  }

  /** Opens a socket for datagrams to a port of this machine. */
  open(fd: number, port: number): Promise<void> {
    return this.run(`exec ${fd}<>/dev/udp/127.0.0.1/${port}`);
  }

  send(fd: number, count: number): Promise<void> {
    return this.run(`for i in {1..${count}}; do echo >&${fd}; done`);
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.close();
    await this.#stdout.cancel();
    await this.#child.status;
  }
}

/** A port of this machine that counts the datagrams that arrive. */
class Port implements Disposable {
  readonly #socket = createSocket("udp4");
  #received = 0;

  static async open(): Promise<Port> {
    const port = new Port();
    port.#socket.on("message", () => port.#received++);
    port.#socket.bind(0, "127.0.0.1");
    await once(port.#socket, "listening");
    return port;
  }

  get number(): number {
    return this.#socket.address().port;
  }

  /** Waits for as many as were sent, and for more. Counts anew from then on. */
  async received(sent: number): Promise<number> {
    const deadline = performance.now() + 5000;
    while (this.#received < sent && performance.now() < deadline) await sleep(5);
    await sleep(20);
    const received = this.#received;
    this.#received = 0;
    return received;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const { capabilities } = await inspectKernel(() => {});
const working = backendGaps(capabilities, "function")
  .filter(({ missing }) => missing.length === 0)
  .map(({ backend }) => backend.name);

for (const backend of working) {
  Deno.test(`${backend} traces what a process sends through sockets from before and from later`, async () => {
    using one = await Port.open();
    using two = await Port.open();
    using three = await Port.open();
    await using wanted = await Shell.start("wanted");
    await using other = await Shell.start("other");
    await wanted.open(3, one.number);
    await other.open(3, two.number);
    const { pid } = wanted;
    const requests = [
      { process: { pid } },
      { process: { comm: "wanted" } },
      { process: { pid, comm: "other" } },
    ];
    const seen = await countEntries("function", backend, /^ip_output$/, requests, async () => {
      const late = await Shell.start("wanted");
      await Promise.all([
        (async () => {
          await wanted.send(3, 3);
          await wanted.open(4, one.number);
          await wanted.send(4, 2);
          await wanted.run("(echo >&4; echo >&4)"); // the child sends through the socket of its parent
        })(),
        (async () => {
          await other.send(3, 4);
          await other.open(4, two.number);
          await other.send(4, 7);
        })(),
        (async () => {
          await late.open(3, three.number);
          await late.send(3, 5);
          // A child has the name of its parent, until it is given another or runs a program.
          await late.run(`(exec 5<>/dev/udp/127.0.0.1/${three.number}; echo >&5)`);
          await late[Symbol.asyncDispose]();
        })(),
      ]);
    });
    const [ofOne, ofTwo, ofThree] = [
      await one.received(7),
      await two.received(11),
      await three.received(6),
    ];
    assert.deepEqual([ofOne, ofTwo, ofThree], [7, 11, 6]);
    assert.deepEqual(seen, [
      { ip_output: ofOne },
      { ip_output: ofOne + ofThree },
      {},
    ]);
  });
}

const [backend] = working;

Deno.test("connections are of the process that has accepted them, their beginnings of the listener's", async () => {
  const namespaces = ["client", "server"] as const;
  await makeConnectedNamespaces(...namespaces, "10.9.0");
  const inServer = ["ip", "netns", "exec", "server"];
  const server = `$0 = "a-server"; $| = 1;
    my $listener = IO::Socket::INET->new(LocalAddr => "10.9.0.2:7777", Listen => 1) or die;
    print "ready\\n";
    my $connection = $listener->accept;
    print "accepted\\n";
    1 while <$connection>;`;
  const child = new Deno.Command("ip", {
    args: [...inServer.slice(1), "perl", "-MIO::Socket::INET", "-e", server],
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal((await lines.read()).value, "ready\n");
  const sent = async () => {
    const text = await shell(`${inServer.join(" ")} cat /proc/net/snmp`);
    return Number(/^Tcp: (?:-?\d+ ){10}(\d+)/m.exec(text)![1]); // OutSegs
  };
  // By now the server waits in accept(2), which has made a socket that /proc does not show.
  const before = await sent();
  const [ofServer] = await countEntries(
    "function",
    backend,
    /^ip_output$/,
    [{ process: { comm: "a-server" } }],
    async () => {
      await using client = await Shell.start("a-client", [
        "ip",
        "netns",
        "exec",
        "client",
      ]);
      await client.run("exec 3<>/dev/tcp/10.9.0.2/7777");
      assert.equal((await lines.read()).value, "accepted\n");
      for (let i = 0; i < 3; i++) await client.run("echo hello >&3; sleep 0.1");
      await client.run("exec 3>&-");
      await child.status;
    },
  );
  await lines.cancel();
  const segments = await sent() - before;
  assert(segments >= 3, `${segments} segments`);
  assert.equal(ofServer.ip_output, segments);
  for (const ns of namespaces) await shell(`ip netns del ${ns}`);
});

Deno.test("a name that no process has yet is waited for; a process of that name may end", async () => {
  using port = await Port.open();
  const comm = "a-name-longer-than-15", told: string[] = [];
  const tell = (message: string) => told.push(message);
  const traffic = async () => {
    await using other = await Shell.start("a-name-longer");
    for (const count of [3, 4]) {
      await using late = await Shell.start(comm);
      for (const each of [late, other]) await each.open(3, port.number);
      await Promise.all([late.send(3, count), other.send(3, 5)]);
    }
  };
  const requests = [{ process: { comm } }, { process: { pid: Deno.pid, comm } }];
  const seen = await countEntries("function", backend, /^ip_output$/, requests, traffic, tell);
  assert.equal(await port.received(17), 17);
  assert.deepEqual(seen, [{ ip_output: 7 }, {}]);
  assert.deepEqual(told, [
    `no process ${comm} yet: waiting for it`,
    `process ${Deno.pid} is not named ${comm} yet: waiting for that`,
  ]);
});

Deno.test("a process id is one of ipft's pid namespace", async () => {
  using port = await Port.open();
  const to = `/dev/udp/127.0.0.1/${port.number}`;
  const trace = ipftCommandLine(
    ...["--pid", "1", "--comm", "bash", "-d", "500ms"],
    ...["-b", backend, "-r", "^ip_output$", "-o", "stream"],
  );
  const output = await shell(`unshare --pid --fork --mount-proc bash -euc '
    exec 3<>${to}
    coproc { ${trace.replaceAll("'", "")} 2>&1; }
    while read -ru \${COPROC[0]} line; do [[ $line != "Trace ready!"* ]] || break; done
    exec 4<>${to}
    echo >&3; echo >&4; (exec 5<>${to}; echo >&5)
    cat <&\${COPROC[0]}'`);
  assert.equal(await port.received(3), 3);
  assert.equal(output.match(/ip_output/g)?.length, 2, output);
});

Deno.test("nothing of it stays", assertNothingLeft);
