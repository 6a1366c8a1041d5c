-- Segmentation offload: into how many packets, of which size, a device will cut an skb.
--
-- Build:   make examples (by hand: docs/lua.md)
-- Run:     sudo ipft -m 1234 -s examples/lua/gso/gso.lua
-- Packets: much data over TCP, with that mark (docs/marking.md)
-- Output:  Timestamp   CPU Packet Module  Function
--          68594140117   0      1 vmlinux ip_output ( frags: 1 gso_segs: 4 gso_size: 1448 gso_type: …
--          With -o json, on each line: "frags":1,"gso_segs":4,"gso_size":1448,"gso_type":"TCPV4"
--          Nothing is shown once the packet's data has been freed.

api_version = 1

local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or ""

program = assert(io.open(folder .. "gso.bpf.o", "rb")):read("a")

-- The bits of gso_type from the lowest: SKB_GSO_* of include/linux/skbuff.h. All kernels have the same,
-- except that newer ones have two at the upper end in place of the fourth.
local TYPES <const> = {
  "TCPV4", "DODGY", "TCP_ECN", "TCP_FIXEDID", "TCPV6", "FCOE", "GRE", "GRE_CSUM", "IPXIP4",
  "IPXIP6", "UDP_TUNNEL", "UDP_TUNNEL_CSUM", "PARTIAL", "TUNNEL_REMCSUM", "SCTP", "ESP", "UDP",
  "UDP_L4", "FRAGLIST", "TCP_ACCECN", [31] = "TCP_FIXEDID", [32] = "TCP_FIXEDID_INNER",
}

-- Packets have only a few different types.
local names = { [0] = "none" }

local function name_of(gso_type)
  local bits = {}
  for bit = 1, 32 do
    if gso_type >> (bit - 1) & 1 == 1 then bits[#bits + 1] = TYPES[bit] or "bit " .. bit - 1 end
  end
  names[gso_type] = table.concat(bits, "|")
  return names[gso_type]
end

function decode(data)
  local gso_type, size, segments, fragments, is_there = string.unpack("=I4I2I2I1I1", data)
  if is_there == 0 then return {} end
  return {
    frags = fragments,
    gso_segs = segments,
    gso_size = size,
    gso_type = names[gso_type] or name_of(gso_type),
  }
end
