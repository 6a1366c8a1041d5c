import assert from "node:assert/strict";
import fc from "fast-check";
import { IpftError } from "../../../lib/base/errors.ts";
import { compileExpression, libpcapVersion } from "../../../lib/ffi/libpcap.ts";
import { runClassic } from "../../support/classic_reference.ts";

const NETWORKS = "give networks (net 10.0.0.0/8) and ranges of ports (portrange 1-1023) instead";

/** An Ethernet frame with IPv4 and TCP, of 54 bytes. */
function tcpFrame(source: number, destination: number): Uint8Array {
  const frame = new Uint8Array(54), view = new DataView(frame.buffer);
  view.setUint16(12, 0x0800);
  view.setUint8(14, 0x45);
  view.setUint8(23, 6);
  frame.set([10, 0, 0, 1, 10, 0, 0, 2], 26);
  view.setUint16(34, source);
  view.setUint16(36, destination);
  view.setUint8(46, 0x50);
  view.setUint8(47, 0x02); // SYN
  return frame;
}

function refusal(expression: string): IpftError {
  try {
    compileExpression(expression);
  } catch (error) {
    assert(error instanceof IpftError, `${error}`);
    assert.equal(error.exitCode, 2);
    return error;
  }
  return assert.fail(`${expression.slice(0, 100)} was compiled`);
}

Deno.test("libpcapVersion is the version that the build script names", async () => {
  const script = await Deno.readTextFile(
    new URL("../../../package/libpcap/build.sh", import.meta.url),
  );
  assert.equal(libpcapVersion(), /^version=(.*)$/m.exec(script)![1]);
});

Deno.test("compileExpression compiles for Ethernet, optimised", () => {
  const ACCEPT = { code: 0x06, jt: 0, jf: 0, k: 262144 }, REJECT = { ...ACCEPT, k: 0 };
  const LOAD_ETHERTYPE = { code: 0x28, jt: 0, jf: 0, k: 12 };
  assert.deepEqual(compileExpression(""), [ACCEPT]);
  assert.deepEqual(compileExpression("ip"), [
    LOAD_ETHERTYPE,
    { code: 0x15, jt: 0, jf: 1, k: 0x800 },
    ACCEPT,
    REJECT,
  ]);
  assert.equal(compileExpression("tcp port 443").length, 20);
});

Deno.test("what compileExpression returns lets the right frames through", () => {
  const https = tcpFrame(50000, 443), ssh = tcpFrame(22, 50000);
  const cases: readonly (readonly [string, boolean, boolean])[] = [
    ["", true, true],
    ["tcp port 443", true, false],
    ["src port 22", false, true],
    ["portrange 20-30 or udp", false, true],
    ["ip proto 6 and host 10.0.0.2", true, true],
    ["net 10.0.0.0/24 and not port 22", true, false],
    ["tcp[tcpflags] & tcp-syn != 0 and dst port 443", true, false],
    ["ip6 or arp or vlan", false, false],
    ["len > 1000", false, false],
  ];
  for (const [expression, takesHttps, takesSsh] of cases) {
    const program = compileExpression(expression);
    assert.equal(runClassic(program, https), takesHttps ? 262144 : 0, expression);
    assert.equal(runClassic(program, ssh), takesSsh ? 262144 : 0, expression);
  }
  // What was cut off does not match, and the length is that on the wire.
  assert.equal(runClassic(compileExpression("tcp port 443"), https.subarray(0, 35)), 0);
  assert.equal(runClassic(compileExpression("len = 1500"), https, 1500), 262144);
});

Deno.test("compileExpression takes names from files, which a minimal container lacks", () => {
  const has = (path: string, name: RegExp) => {
    try {
      return name.test(Deno.readTextFileSync(path));
    } catch {
      return false;
    }
  };
  if (has("/etc/services", /^https\s+443\/tcp/m)) {
    assert.deepEqual(compileExpression("tcp port https"), compileExpression("tcp port 443"));
  } else {
    assert.match(refusal("tcp port https").message, /: unknown port 'https'; give its number: /);
  }
  if (has("/etc/protocols", /^tcp\s+6\s/m)) {
    assert.deepEqual(compileExpression("ip proto \\tcp"), compileExpression("ip proto 6"));
  } else {
    assert.match(refusal("ip proto \\tcp").message, /: unknown ip proto 'tcp'; give its number: /);
  }
});

Deno.test("compileExpression says in one line what libpcap does not understand", () => {
  for (
    const [expression, reason, remedy] of [
      ["tcp[", "can't parse filter expression: syntax error", "see pcap-filter(7)"],
      ["ip and arp", "expression rejects all packets", "see pcap-filter(7)"],
      ["port 65536", "illegal port number 65536 > 65535", "see pcap-filter(7)"],
      [
        "port nosuch",
        "unknown port 'nosuch'",
        "give its number: /etc/services does not have this name",
      ],
      [
        "decnet host a",
        "decnet name support not included, 'a' cannot be translated",
        "see pcap-filter(7)",
      ],
      ["tcp\n\0", "it has a NUL byte", "see pcap-filter(7)"],
    ]
  ) {
    const error = refusal(expression);
    assert.equal(
      error.message,
      new IpftError(`expression '${expression}': ${reason}`, remedy).message,
    );
  }
});

Deno.test("compileExpression says which expression it does not understand", () => {
  const message = /^--inner 'tcp\[': can't parse filter expression: syntax error; see pcap-filter/;
  assert.throws(() => compileExpression("tcp[", "--inner"), { name: "IpftError", message });
  assert.throws(() => compileExpression("\0", "--inner"), { message: /^--inner / });
});

Deno.test("compileExpression looks up no host, neither in DNS nor in /etc/hosts", () => {
  const begin = performance.now();
  for (const host of ["example.com", "localhost", "ip6-localhost", "no.such.host.invalid"]) {
    for (const kind of ["host", "src host", "ip6 host", "dst"]) {
      const { message } = refusal(`${kind} ${host}`);
      const expected = `: unknown host '${host}'; ` +
        "give its address: ipft does not look up the names of hosts";
      assert(message.endsWith(expected), message);
    }
  }
  assert(performance.now() - begin < 1000, "a resolver was waited for");
  compileExpression("host 127.0.0.1 or ip6 host ::1");
});

Deno.test("the bundled libpcap calls nothing that opens a socket or asks for a host", async () => {
  const library = new URL("../../../lib/ffi/native/libpcap.so.1", import.meta.url);
  const text = new TextDecoder("latin1").decode(await Deno.readFile(library));
  // The names of its symbols (.dynstr) are followed by those of the libraries that it needs.
  const [table] = text.slice(text.indexOf("\0__gmon_start__\0")).split("\0libpcap.so.1\0");
  const names = table.split("\0");
  assert(names.includes("getaddrinfo"));
  assert.deepEqual(names.filter((name) => /\.so/.test(name)), ["libc.so.6"]);
  assert.deepEqual(
    names.filter((name) => /gethost|getname|socket|connect|send|dlopen/.test(name)),
    [],
  );
});

Deno.test("compileExpression takes 256 conditions and deep nesting, and refuses more in one line", () => {
  const joined = (count: number) =>
    Array.from({ length: count }, (_, i) => `tcp dst port ${i + 1}`).join(" or ");
  const nested = (depth: number) => "(".repeat(depth) + "tcp" + ")".repeat(depth);
  const program = compileExpression(joined(256));
  for (const [port, passes] of [[1, true], [200, true], [256, true], [257, false]] as const) {
    assert.equal(runClassic(program, tcpFrame(50000, port)) !== 0, passes, `${port}`);
  }
  assert.deepEqual(compileExpression(nested(4000)), compileExpression("tcp"));
  const tooLong = "it is too long, with more than 256 conditions or 16384 characters";
  for (
    const expression of [
      joined(257),
      joined(4000),
      "tcp||".repeat(256) + "tcp",
      nested(10_000),
      "1+".repeat(50_000) + "len = 1",
      `host ${"a".repeat(100_000)}`,
    ]
  ) {
    assert.equal(
      refusal(expression).message,
      `expression '${expression.slice(0, 60)}…': ${tooLong}; ${NETWORKS}`,
    );
  }
  // As many levels as 16384 characters can have, which is more than libpcap's parser takes.
  assert.match(refusal("-".repeat(12_000) + "len = 1").message, /: memory exhausted; /);
});

Deno.test("compileExpression compiles or refuses any text, with one line", () => {
  const words = fc.constantFrom(
    ..."ip ip6 tcp udp icmp arp vlan mpls host net port portrange proto src dst and or not ( ) [ ] : len"
      .split(" "),
    ..."+ - / % & | << >> = != < > 0 1 6 443 65536 1.2.3.4 10.0.0.0/8 ::1 2001:db8::/32 \\tcp foo é"
      .split(" "),
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(words, { maxLength: 12 }).map((all) => all.join(" ")),
  );
  fc.assert(
    fc.property(text, fc.uint8Array({ maxLength: 80 }), (expression, packet) => {
      let program;
      try {
        program = compileExpression(expression);
      } catch (error) {
        assert(error instanceof IpftError && error.exitCode === 2, `${error}`);
        assert.doesNotMatch(error.message, /\n/);
        return;
      }
      assert([0, 262144].includes(runClassic(program, packet)));
    }),
    { numRuns: 3000 },
  );
});
