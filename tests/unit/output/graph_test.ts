import assert from "node:assert/strict";
import { GraphSink } from "../../../lib/output/aggregate/graph.ts";
import { FAMILY } from "../../support/family.ts";
import { assertTree, events, INFO } from "../../support/graph_fixture.ts";
import { FUNCTIONS } from "../../support/row.ts";
import { written } from "../../support/sink_fixture.ts";

Deno.test("GraphSink nests calls, and writes a call without calls in it on one line", async () => {
  const rows = events(`
       100 0 7 A ip_rcv           {
       350 0 7 A nf_hook_slow     {
       400 0 7 A nf_conntrack_in  {
      1399 0 7 A nf_conntrack_in  }
      1500 0 7 A skb_clone        {
      1500 0 7 A skb_clone        }
      2000 0 7 A nf_hook_slow     }
      9000 0 7 A kfree_skb        {
     12345 0 7 A kfree_skb        }
    123556 0 7 A ip_rcv           }
  `);
  assert.equal(
    await written(GraphSink, INFO, rows),
    `\
Timestamp  CPU Module         Duration  Function
1000000100   0 vmlinux                  ip_rcv() {
1000000350   0 vmlinux                    nf_hook_slow() {
1000000400   0 nf_conntrack   0.999 us      nf_conntrack_in();
1000001500   0 vmlinux        0.000 us      skb_clone();
1000002000   0 vmlinux        1.650 us    }
1000009000   0 vmlinux        3.345 us    kfree_skb();
1000123556   0 vmlinux      123.456 us  }
`,
  );
});

Deno.test("GraphSink writes nothing when nothing came", async () => {
  assert.equal(await written(GraphSink, INFO, []), "");
});

Deno.test("GraphSink keeps the column of durations in line, however long they are", async () => {
  const hours = 5 * 3600 * 10 ** 9;
  const rows = events(`
    1 0 7 A ip_rcv {
    2 0 7 A nf_hook_slow {
    5 0 7 A nf_hook_slow }
    ${hours + 1} 0 7 A ip_rcv }
  `);
  assert.equal(
    await written(GraphSink, INFO, rows),
    `\
Timestamp      CPU Module                 Duration  Function
    1000000001   0 vmlinux                          ip_rcv() {
    1000000002   0 vmlinux                0.003 us    nf_hook_slow();
18001000000001   0 vmlinux      18000000000.000 us  }
`,
  );
});

Deno.test("GraphSink begins a tree for each CPU that works on a packet at the same time", async () => {
  await assertTree(
    `
     100 0 7 A ip_rcv {
     110 1 8 A kfree_skb {
     120 0 7 A nf_hook_slow {
     130 1 8 A nf_conntrack_in {
     140 0 7 A nf_hook_slow }
     150 1 8 A skb_clone {
     160 0 7 A ip_rcv }
     170 1 8 A skb_clone }
     180 1 8 A nf_conntrack_in }
     190 1 8 A kfree_skb }
    `,
    `\
1000000100   0 vmlinux                ip_rcv() {
1000000110   1 vmlinux                kfree_skb() {
1000000120   0 vmlinux      0.020 us    nf_hook_slow();
1000000130   1 nf_conntrack             nf_conntrack_in() {
1000000150   1 vmlinux      0.020 us      skb_clone();
1000000160   0 vmlinux      0.060 us  }
1000000180   1 nf_conntrack 0.050 us    }
1000000190   1 vmlinux      0.080 us  }
`,
  );
});

Deno.test("GraphSink follows a task that moves to another CPU, and tells idle CPUs apart", async () => {
  await assertTree(
    `
     100 0 7          A ip_rcv {
     110 0 4294967295 A nf_hook_slow {
     120 1 4294967294 A skb_clone {
     130 1 7          A nf_conntrack_in {
     140 0 4294967295 A nf_hook_slow }
     150 1 4294967294 A skb_clone }
     160 1 7          A nf_conntrack_in }
     170 2 7          A ip_rcv }
    `,
    `\
1000000100   0 vmlinux                ip_rcv() {
1000000110   0 vmlinux      0.030 us  nf_hook_slow();
1000000120   1 vmlinux      0.030 us  skb_clone();
1000000130   1 nf_conntrack 0.030 us    nf_conntrack_in();
1000000170   2 vmlinux      0.070 us  }
`,
  );
});

Deno.test("GraphSink gives a softirq on top of another packet's call a tree of its own", async () => {
  await assertTree(
    `
     100 0 7 A ip_rcv {
     110 0 7 A nf_hook_slow {
     120 0 7 B ip_rcv {
     130 0 7 B nf_conntrack_in {
     140 0 7 B nf_conntrack_in }
     150 0 7 B ip_rcv }
     160 0 7 A nf_hook_slow }
     170 0 7 A skb_clone {
     180 0 7 A skb_clone }
     190 0 7 A ip_rcv }
    `,
    `\
1000000100   0 vmlinux                ip_rcv() {
1000000110   0 vmlinux      0.050 us    nf_hook_slow();
1000000170   0 vmlinux      0.010 us    skb_clone();
1000000190   0 vmlinux      0.090 us  }
===
1000000120   0 vmlinux                ip_rcv() {
1000000130   0 nf_conntrack 0.010 us    nf_conntrack_in();
1000000150   0 vmlinux      0.030 us  }
`,
  );
});

Deno.test("GraphSink nests a softirq on top of a call of the same packet, through another's", async () => {
  await assertTree(
    `
     100 0 7 A ip_rcv {
     110 0 7 B nf_hook_slow {
     120 0 7 A kfree_skb {
     130 0 7 A kfree_skb }
     140 0 7 B nf_hook_slow }
     150 0 7 A ip_rcv }
    `,
    `\
1000000100   0 vmlinux                ip_rcv() {
1000000120   0 vmlinux      0.010 us    kfree_skb();
1000000150   0 vmlinux      0.050 us  }
===
1000000110   0 vmlinux      0.030 us  nf_hook_slow();
`,
  );
});

Deno.test("GraphSink pairs a function that calls itself with the same skb", async () => {
  await assertTree(
    `
     100 0 7 A ip_rcv {
     110 0 7 A ip_rcv {
     120 0 7 A ip_rcv {
     130 0 7 A ip_rcv }
     150 0 7 A ip_rcv }
     160 0 7 A ip_rcv {
     170 0 7 A ip_rcv }
     180 0 7 A ip_rcv }
    `,
    `\
1000000100   0 vmlinux                ip_rcv() {
1000000110   0 vmlinux                  ip_rcv() {
1000000120   0 vmlinux      0.010 us      ip_rcv();
1000000150   0 vmlinux      0.040 us    }
1000000160   0 vmlinux      0.010 us    ip_rcv();
1000000180   0 vmlinux      0.080 us  }
`,
  );
});

Deno.test("GraphSink goes by time, and by arrival where that is the same", async () => {
  // Records of two CPUs in one ring may be out of order, but not those of one task.
  await assertTree(
    `
     155 1 8 A skb_clone {
     100 0 7 A ip_rcv {
     110 0 7 A nf_hook_slow {
     110 0 7 A nf_hook_slow }
     165 1 8 A skb_clone }
     110 0 7 A skb_clone {
     110 0 7 A skb_clone }
     160 0 7 A ip_rcv }
    `,
    `\
1000000100   0 vmlinux                ip_rcv() {
1000000110   0 vmlinux      0.000 us    nf_hook_slow();
1000000110   0 vmlinux      0.000 us    skb_clone();
1000000155   1 vmlinux      0.010 us  skb_clone();
1000000160   0 vmlinux      0.060 us  }
`,
  );
});

Deno.test("GraphSink writes one block per journey, whose calls are nested whatever their packet", async () => {
  const info = {
    tracer: "function_graph" as const,
    functions: FUNCTIONS,
    originNs: 1_000_000_000n,
  };
  assert.equal(
    await written(GraphSink, info, FAMILY),
    `\
Timestamp  CPU Packet Module       Duration  Function
1000000010   1      3 vmlinux                ip_rcv() {
1000000020   1     12 nf_conntrack 0.010 us    nf_conntrack_in.constprop.0(); [copy of 3]
1000000060   1     12 vmlinux      0.010 us    ip_rcv();
1000000080   1     12 vmlinux      0.010 us    kfree_skbmem(); [merged into 5]
1000000100   1      3 vmlinux      0.090 us  }
===
1000000040   1      5 vmlinux      0.010 us  ip_rcv();
===
1000000110   1      ? nf_conntrack           } /* nf_conntrack_in.constprop.0, entry missing */
`,
  );
});
