import assert from "node:assert/strict";
import { loadedModule, ModuleWatch } from "../../../lib/kernel/module_watch.ts";

Deno.test("loadedModule knows the message that the kernel sends for a module, and no other", () => {
  const variables = "ACTION=add\0DEVPATH=/module/br_netfilter\0SUBSYSTEM=module\0SEQNUM=1234\0";
  assert.equal(loadedModule(`add@/module/br_netfilter\0${variables}`), "br_netfilter");
  for (
    const other of [
      `remove@/module/br_netfilter\0${variables}`,
      "add@/devices/virtual/net/veth0\0ACTION=add\0",
      "add@/module/../../etc/passwd\0",
      "add@/module/a/holders\0",
      "",
    ]
  ) assert.equal(loadedModule(other), undefined);
});

Deno.test("ModuleWatch has nothing to say while no module is loaded", () => {
  using watch = new ModuleWatch();
  assert.deepEqual(watch.loaded(), []);
});
