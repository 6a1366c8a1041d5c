import assert from "node:assert/strict";
import { options, ping, run, shell, Trace, workingBackends } from "./ipft.ts";

const MARK = 0x52a;
const [backend] = await workingBackends();
const graphBackend = backend === "kprobe" ? "ftrace" : backend;

/** Whether somebody accepts connections there. */
async function answers(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

for (const [tracer, chosen] of [["function", backend], ["function_graph", graphBackend]]) {
  Deno.test(`${tracer}: the probe server answers once the trace is ready, and until SIGTERM`, async () => {
    const port = 13720;
    assert(!await answers(port));
    const starting = Trace.start(
      ...["-m", String(MARK), "-t", tracer, "-o", "json", "--enable-probe-server"],
      ...options(chosen),
    );
    while (!await answers(port)) await new Promise((resolve) => setTimeout(resolve, 20));
    await ping(MARK, "-c", "1");
    await using trace = await starting;
    const { code, stdout, stderr } = await trace.stop("SIGTERM");
    assert.equal(code, 0, stderr);
    assert(!await answers(port));

    const path = await Deno.makeTempFile();
    await Deno.writeTextFile(path, stdout);
    const functions = await shell(`jq -r 'select(.is_return | not) | .function' ${path}`);
    assert.match(functions, /^ip_rcv$/m);
    const { code: differs } = await run(
      "jq",
      "-e",
      "-s",
      "map(.packet_id) | unique | length >= 1",
      path,
    );
    assert.equal(differs, 0);
    await Deno.remove(path);
  });
}

Deno.test("a port that is taken ends the trace with one line, and nothing stays", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const { code, stderr } = await run(
    Deno.execPath(),
    ...[
      "run",
      "-A",
      "main.ts",
      "-m",
      "1",
      "--enable-probe-server",
      "--probe-server-port",
      `${port}`,
    ],
    ...options(backend),
  );
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^ipft: the probe server cannot listen on 127\.0\.0\.1:\d+: .*in use.*; choose another --probe-server-port/m,
  );
  assert.equal(await Deno.readTextFile("/sys/kernel/tracing/enabled_functions"), "");
});
