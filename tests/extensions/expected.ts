/** What ipft shows for each extension in this folder, whatever the packet. */
export const EXPECTED: Readonly<Record<string, { text: string; json: unknown }>> = {
  types: {
    text: "( u64: 18446744073709551615 s64: -9007199254740992 u32: 4294967295 s32: -2147483648 " +
      'u16: 65535 s16: -32768 u8: 255 s8: -128 truth: true letter: x name: ab"\\x1b ' +
      "color: NO_COLOR three: 5 five: -16 bit: true hue: GREEN twenty: 1048575 " +
      "pointer: 0x0000000000001000 pair: [-1, 2] word: 67305985 bytes: [1, 2, 3, 4] )",
    json: {
      u64: "18446744073709551615",
      s64: -9007199254740992,
      u32: 4294967295,
      s32: -2147483648,
      u16: 65535,
      s16: -32768,
      u8: 255,
      s8: -128,
      truth: true,
      letter: "x",
      name: 'ab"\x1b',
      color: "NO_COLOR",
      three: 5,
      five: -16,
      bit: true,
      hue: "GREEN",
      twenty: 1048575,
      pointer: "0x0000000000001000",
      pair: [-1, 2],
      word: 67305985,
      bytes: [1, 2, 3, 4],
    },
  },
  formats: {
    text: "( ipv4: 192.0.2.1 mac: 52:54:00:12:34:56 port: 80 ipv6: 2001:db8::1 hex: 0xfffffffe " +
      "flags: FIN|ACK state: LISTEN dec: 65 ports: [80, 443] symbol: ip_rcv+0x4 protocol: 0x800 " +
      "ip: { ttl: 64 tos: 0x10 } other_state: 7 more_flags: SYN|ACK|0x100 )",
    json: {
      ipv4: "192.0.2.1",
      mac: "52:54:00:12:34:56",
      port: 80,
      ipv6: "2001:db8::1",
      hex: -2,
      flags: ["FIN", "ACK"],
      state: "LISTEN",
      dec: 65,
      ports: [80, 443],
      symbol: "ip_rcv+0x4",
      protocol: 2048,
      ip: { ttl: 64, tos: 16 },
      other_state: 7,
      more_flags: ["SYN", "ACK", "0x100"],
    },
  },
  nested: {
    text: "( wide: 1267650600228229401496703205376 " +
      "peers: [{ name: one port: 80 }, { name: four port: 443 }] " +
      "matrix: [[0x1, 0x2, 0x3], [0x4, 0x5, 0xff]] names: [ab, cde] " +
      "packed: { low: 5 across: 1094624909430 high: -3 } " +
      "addresses: [127.0.0.1, 255.255.255.255] none: [] )",
    json: {
      wide: "1267650600228229401496703205376",
      peers: [{ name: "one", port: 80 }, { name: "four", port: 443 }],
      matrix: [[1, 2, 3], [4, 5, 255]],
      names: ["ab", "cde"],
      packed: { low: 5, across: 1094624909430, high: -3 },
      addresses: ["127.0.0.1", "255.255.255.255"],
      none: [],
    },
  },
};
