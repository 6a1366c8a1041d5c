/** What a person at a terminal sees, and a file or pipe does not. */
import assert from "node:assert/strict";
import { ipft, ipftCommandLine, noneLost, options, ping, shell, workingBackends } from "./ipft.ts";

const MARK = 0x3e7;
const [backend] = await workingBackends();
const traced = ["-m", String(MARK), ...options(backend), "-n", "1"];

/** What ipft shows on a terminal while a marked ping comes; ESC for the escape character. */
async function onTerminal(environment: string, ...args: string[]): Promise<string> {
  const folder = await Deno.makeTempDir();
  const log = `${folder}/log`, command = ipftCommandLine(...traced, ...args);
  const running = shell(
    `env -u NO_COLOR ${environment} script -qefc ${
      JSON.stringify(command)
    } ${log} >/dev/null </dev/null`,
  );
  const shown = () => Deno.readTextFile(log).catch(() => "");
  const until = async (text: string) => {
    const deadline = performance.now() + 120_000;
    while (!(await shown()).includes(text)) {
      assert(performance.now() < deadline, `no ${text} in ${await shown()}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await until(args.length > 0 ? "Trace ready!" : "0 events of 0 packets");
  await ping(MARK, "-c", "1");
  await running;
  const text = (await shown()).replaceAll("\x1b", "ESC");
  await Deno.remove(folder, { recursive: true });
  return text;
}

Deno.test("a terminal shows colours, and how far the trace is", async () => {
  const text = await onTerminal("TERM=xterm");
  assert.match(
    text,
    /Trace ready!\r\n\rESC\[K0 events of 0 packets(?:, none lost)?; Ctrl-C ends the trace/,
  );
  assert.match(text, /ESC\[1mTimestamp .*FunctionESC\[0m\r\n/);
  assert.match(text, /ESC\[2mvmlinux *ESC\[0m ESC\[36mip_rcvESC\[0m\r\n/);
  // The counter is gone before anything else is written.
  assert.match(text, /the trace\rESC\[KESC\[1mTimestamp/);
  assert.match(
    text,
    new RegExp(`\r\n\\d+ events in \\d+ functions, of 1 packet, in .* s, ${noneLost(backend)}\r\n`),
  );
});

Deno.test("without colours where NO_COLOR or the terminal says so", async () => {
  for (const environment of ["NO_COLOR=1 TERM=xterm", "TERM=dumb"]) {
    const text = await onTerminal(environment);
    assert.match(text, /vmlinux *ip_rcv\r\n/);
    assert.doesNotMatch(text, /ESC\[[^K]/);
  }
});

Deno.test("no counter among lines that are shown live, and no colours in JSON", async () => {
  const text = await onTerminal("TERM=xterm", "-o", "json");
  assert.match(text, /"function":"ip_rcv"/);
  assert.doesNotMatch(text, /ESC\[\d*m|of 0 packets/);
});

Deno.test("a pipe gets neither", async () => {
  const one = ["ping", "-q", "-c", "1", "-m", String(MARK), "127.0.0.1"];
  const { stdout, stderr } = await ipft(...traced, "--", ...one);
  assert.ok(!(stdout + stderr).includes("\x1b"));
});
