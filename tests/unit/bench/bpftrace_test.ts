import assert from "node:assert/strict";
import type { SkbFunction } from "../../../lib/kernel/skb_function.ts";
import { bpftraceEvents, bpftraceProgram } from "../../bench/vm/bpftrace.ts";
import { namesOf } from "../../bench/vm/journey.ts";
import { namesRegex } from "../../bench/vm/tools.ts";

function skbFunction(name: string, skbPosition: number): SkbFunction {
  return { name, module: "vmlinux", skbPosition, btfId: 1 };
}

const OUTPUT = `27784052620 1 0xff340cc33dbc7300 __ip_local_out
27784455828 1 0xff340cc33dbc7300 ip_output
`;

Deno.test("bpftraceProgram groups the probes by the position of the skb", () => {
  const functions = [
    skbFunction("ip_rcv", 0),
    skbFunction("ip_output", 2),
    skbFunction("icmp_rcv", 0),
  ];
  const body = (skb: string) =>
    `/((struct sk_buff *)${skb})->mark == 4660/ ` +
    `{ printf("%llu %d %p %s\\n", nsecs, cpu, ${skb}, func); }`;
  assert.equal(
    bpftraceProgram(functions, 0x1234),
    `kprobe:ip_rcv,kprobe:icmp_rcv ${body("arg0")}\nkprobe:ip_output ${body("arg2")}`,
  );
});

Deno.test("bpftraceEvents counts the lines that begin with a time", () => {
  const path = Deno.makeTempFileSync();
  const events = (text: string) => {
    Deno.writeTextFileSync(path, text);
    return bpftraceEvents(path);
  };
  assert.equal(events(""), 0);
  assert.equal(events("\n\n"), 0);
  assert.equal(events(`${OUTPUT}Lost 20 events\n${OUTPUT}\n`), 4);
  Deno.removeSync(path);
});

Deno.test("namesOf returns each function of vmlinux once", () => {
  const event = (module: string, name: string) => JSON.stringify({ module, function: name });
  const events = [
    event("vmlinux", "ip_rcv"),
    event("veth", "veth_xmit"),
    event("vmlinux", "ip_rcv"),
  ];
  assert.deepEqual([...namesOf(events.join("\n") + "\n")], ["ip_rcv"]);
});

Deno.test("namesRegex matches whole names", () => {
  const regex = namesRegex(["ip_rcv", "ip_rcv_core.constprop.0"]);
  assert.ok(regex.test("ip_rcv") && regex.test("ip_rcv_core.constprop.0"));
  assert.ok(!regex.test("ip_rcv_core") && !regex.test("ip_rcv_core_constprop_0"));
});
