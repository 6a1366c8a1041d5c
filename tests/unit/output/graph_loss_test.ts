import assert from "node:assert/strict";
import { GraphSink } from "../../../lib/output/aggregate/graph.ts";
import { dataOfText, FakeFormatter, textOfData } from "../../support/fake_fields.ts";
import { assertTree, events, INFO } from "../../support/graph_fixture.ts";
import { written } from "../../support/sink_fixture.ts";

Deno.test("GraphSink shows a call that lost its return, and nests nothing in it", async () => {
  await assertTree(
    `
     100 0 7 A ip_rcv {
     110 0 7 A nf_hook_slow {
     120 0 7 A nf_conntrack_in {
     130 0 7 A nf_conntrack_in }
     140 0 7 A ip_rcv }
     150 0 7 A skb_clone {
     160 0 7 A kfree_skb {
     170 0 7 A kfree_skb }
    `,
    `\
1000000100   0 vmlinux                ip_rcv() {
1000000110   0 vmlinux                  nf_hook_slow(); /* return missing */
1000000120   0 nf_conntrack 0.010 us    nf_conntrack_in();
1000000140   0 vmlinux      0.040 us  }
1000000150   0 vmlinux                skb_clone(); /* return missing */
1000000160   0 vmlinux      0.010 us  kfree_skb();
`,
  );
});

Deno.test("GraphSink shows a return that lost its entry, where it was", async () => {
  await assertTree(
    `
      90 0 7 A kfree_skb }
     100 0 7 A ip_rcv {
     120 0 7 A nf_conntrack_in {
     130 0 7 A nf_conntrack_in }
     140 0 7 A nf_hook_slow }
     150 0 7 A skb_clone {
     160 0 7 A skb_clone }
     170 0 7 A ip_rcv }
     180 0 7 A nf_hook_slow {
     190 0 7 A skb_clone }
     200 0 7 A nf_hook_slow }
    `,
    `\
1000000090   0 vmlinux                } /* kfree_skb, entry missing */
1000000100   0 vmlinux                ip_rcv() {
1000000120   0 nf_conntrack 0.010 us    nf_conntrack_in();
1000000140   0 vmlinux                  } /* nf_hook_slow, entry missing */
1000000150   0 vmlinux      0.010 us    skb_clone();
1000000170   0 vmlinux      0.070 us  }
1000000180   0 vmlinux                nf_hook_slow() {
1000000190   0 vmlinux                  } /* skb_clone, entry missing */
1000000200   0 vmlinux      0.020 us  }
`,
  );
});

Deno.test("GraphSink shows calls in which the trace ended", async () => {
  await assertTree(
    `
     100 0 7 A ip_rcv {
     110 0 7 A nf_hook_slow {
     120 0 7 A nf_conntrack_in {
     130 0 7 A nf_conntrack_in }
     140 1 8 B skb_clone {
    `,
    `\
1000000100   0 vmlinux                ip_rcv(); /* return missing */
1000000110   0 vmlinux                nf_hook_slow(); /* return missing */
1000000120   0 nf_conntrack 0.010 us  nf_conntrack_in();
===
1000000140   1 vmlinux                skb_clone(); /* return missing */
`,
  );
});

Deno.test("GraphSink keeps late returns with their packet when the skb is used again", async () => {
  await assertTree(
    `
     100 0 7 A ip_rcv {
     110 0 7 A kfree_skb {
     120 0 7 A kfree_skbmem {
     130 1 8 A nf_hook_slow {
     140 1 8 A nf_hook_slow }
     145 0 7 A skb_clone {
     150 0 7 A skb_clone }
     160 0 7 A kfree_skbmem }
     170 0 7 A kfree_skb }
     180 1 8 A ip_rcv {
     190 0 7 A ip_rcv }
     200 1 8 A ip_rcv }
    `,
    `\
1000000100   0 vmlinux                ip_rcv() {
1000000110   0 vmlinux                  kfree_skb() {
1000000120   0 vmlinux      0.040 us      kfree_skbmem();
1000000170   0 vmlinux      0.060 us    }
1000000190   0 vmlinux      0.090 us  }
===
1000000130   1 vmlinux      0.010 us  nf_hook_slow();
1000000145   0 vmlinux      0.005 us  skb_clone();
1000000180   1 vmlinux      0.020 us  ip_rcv();
`,
  );
});

Deno.test("GraphSink counts a return without entry to the address's latest packet", async () => {
  await assertTree(
    `
     100 0 7 A kfree_skbmem {
     110 0 7 A kfree_skbmem }
     120 0 7 A kfree_skb }
     130 0 7 A ip_rcv {
     140 0 7 A kfree_skb }
     150 0 7 A ip_rcv }
    `,
    `\
1000000100   0 vmlinux      0.010 us  kfree_skbmem();
1000000120   0 vmlinux                } /* kfree_skb, entry missing */
===
1000000130   0 vmlinux                ip_rcv() {
1000000140   0 vmlinux                  } /* kfree_skb, entry missing */
1000000150   0 vmlinux      0.020 us  }
`,
  );
});

Deno.test("GraphSink writes the text of every event where there is a formatter", async () => {
  const rows = events(`
     100 0 7 A ip_rcv {
     110 0 7 A nf_hook_slow {
     120 0 7 A nf_hook_slow }
     130 0 7 A skb_clone {
     140 0 7 A kfree_skb }
     150 0 7 A ip_rcv }
  `).map((row, i) => ({ ...row, data: dataOfText(3 + i, [i]) }));
  const [a, b, c, d, e, f] = rows.map(({ data }) => textOfData(data));
  assert.equal(
    await written(GraphSink, { ...INFO, dataFormatter: new FakeFormatter() }, rows),
    `\
Timestamp  CPU Module       Duration  Function
1000000100   0 vmlinux                ip_rcv() {${a}
1000000110   0 vmlinux                  nf_hook_slow() {${b}
1000000120   0 vmlinux      0.010 us    }${c}
1000000130   0 vmlinux                  skb_clone(); /* return missing */${d}
1000000140   0 vmlinux                  } /* kfree_skb, entry missing */${e}
1000000150   0 vmlinux      0.050 us  }${f}
`,
  );
});
