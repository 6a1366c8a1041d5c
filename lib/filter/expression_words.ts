/**
 * The words of pcap expressions (pcap-filter(7)) that shells offer: all but names, numbers, the fields of
 * headers, and what only 802.11, ATM, SS7 or OpenBSD has.
 */
export const EXPRESSION_WORDS = [
  ...["host", "net", "mask", "port", "portrange", "gateway", "proto", "protochain"],
  ...["src", "dst", "inbound", "outbound", "broadcast", "multicast"],
  ...["ether", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "igrp"],
  ...["pim", "vrrp", "carp", "ah", "esp", "stp", "aarp", "atalk", "decnet", "ipx", "iso", "lat"],
  ...["vlan", "mpls", "pppoed", "pppoes", "geneve", "link", "ppp"],
  ...["less", "greater", "len", "and", "or", "not"],
] as const;
