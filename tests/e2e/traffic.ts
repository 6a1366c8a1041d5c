/** Packets for traces to show. */
import assert from "node:assert/strict";
import { sendSignal, shell } from "./ipft.ts";

/** The mark of all packets that `withMarkedOutput` marks. */
export const MARK = 0x3c5; // of no other test: late packets of a connection are marked as well

/** Functions that run when the packet's data has been freed. */
export const AFTER_THE_END = /^(kfree_skbmem|napi_skb_cache_put)\b/;

/** Marks every packet that leaves a socket of this machine meanwhile. */
export async function withMarkedOutput<T>(
  meanwhile: () => Promise<T>,
  ...rules: string[]
): Promise<T> {
  const chain = (hook: string, rules: string) =>
    `chain ${hook} { type filter hook ${hook} priority mangle; ${rules}; }`;
  await shell(`nft 'table inet ipft {
    ${chain("output", `meta mark set ${MARK}`)}
    ${chain("input", ["accept", ...rules].toReversed().join("; "))}
  }'`);
  try {
    return await meanwhile();
  } finally {
    await shell("nft delete table inet ipft");
  }
}

/**
 * Sends zeros over TCP; the ports of both ends. Both are closed: what they said later would be marked
 * while the next test traces.
 */
export async function transfer(hostname: string, sizeBytes: number): Promise<[number, number]> {
  using listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const connections = await Promise.all([Deno.connect({ hostname, port }), listener.accept()]);
  using client = connections[0];
  using server = connections[1];
  const received = readToEnd(server);
  const zeros = new Uint8Array(sizeBytes);
  for (let sent = 0; sent < sizeBytes;) sent += await client.write(zeros.subarray(sent));
  await client.closeWrite();
  assert.equal(await received, sizeBytes);
  return [(client.localAddr as Deno.NetAddr).port, port];
}

/**
 * Has the kernel take the time of every packet until the result is disposed of. It patches its code when the first
 * socket wants that, and when the last one is closed, such as ping's: an emulated processor that is just running the
 * code may die of it.
 */
export function keepTimestamps(): AsyncDisposable {
  const child = new Deno.Command("ping", { args: ["-q", "-i", "999", "127.0.0.1"], stdout: "null" })
    .spawn();
  return {
    async [Symbol.asyncDispose]() {
      sendSignal(child, "SIGINT");
      await child.status;
    },
  };
}

/** How many bytes come before the other end has nothing more to say. */
async function readToEnd(connection: Deno.Conn): Promise<number> {
  const buffer = new Uint8Array(65536);
  for (let total = 0;;) {
    const count = await connection.read(buffer);
    if (count === null) return total;
    total += count;
  }
}
