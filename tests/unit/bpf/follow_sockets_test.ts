import assert from "node:assert/strict";
import { processNumbers } from "../../../lib/bpf/probes/follow_sockets.ts";

Deno.test("processNumbers has 0 for what may be anything", () => {
  assert.deepEqual(new Set(Object.values(processNumbers({}))), new Set([0]));
});

Deno.test("processNumbers says in which pid namespace a process has its number", () => {
  const own = Number(/\d+/.exec(Deno.readLinkSync("/proc/self/ns/pid"))![0]);
  const { processId, pidNamespace, commMask0 } = processNumbers({ pid: 4321 });
  assert.deepEqual({ processId, pidNamespace, commMask0 }, {
    processId: 4321,
    pidNamespace: own,
    commMask0: 0,
  });
});

Deno.test("processNumbers compares a name and the NUL behind it", () => {
  const { commWord0, commWord1, commMask0, commMask1, commMask2 } = processNumbers({
    comm: "abcde",
  });
  assert.deepEqual([commWord0, commWord1], [0x64636261, 0x65]);
  assert.deepEqual([commMask0, commMask1, commMask2], [0xffff_ffff, 0xffff, 0]);
  const { commWord3, commMask3 } = processNumbers({ comm: "abcdefghijklmnopqr" });
  assert.deepEqual([commWord3, commMask3], [0x006f6e6d, 0xffff_ffff]);
});
