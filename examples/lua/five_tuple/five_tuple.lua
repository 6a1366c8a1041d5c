-- Addresses, ports and protocol of the packet at the end of every line.
--
-- Build:   make examples (by hand: docs/lua.md)
-- Run:     sudo ipft -m 1234 -s examples/lua/five_tuple/five_tuple.lua
-- Packets: anything with that mark (docs/marking.md)
-- Output:  Timestamp   CPU Packet Module    Function
--          39066204233   0      1 vmlinux   ip_output (192.0.2.1:55156 > 192.0.2.7:443 TCP)
--          53969321844   0      2 vmlinux   ip6_output ([2001:db8::1]:58142 > [2001:db8::7]:443 TCP)
--          53970088744   0      3 vmlinux   ip6_output (2001:db8::1 > ff02::1:ff00:7 ICMPv6)
--          Fragments but the first have no ports. Nothing is shown while the packet has no IP
--          header, and once its data has been freed.

api_version = 1

local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or ""

function emit()
  return assert(io.open(folder .. "five_tuple.bpf.o", "rb")):read("a")
end

-- https://www.iana.org/assignments/protocol-numbers
local PROTOCOLS <const> = {
  [1] = "ICMP", [2] = "IGMP", [4] = "IPIP", [6] = "TCP", [17] = "UDP", [33] = "DCCP", [41] = "IPv6",
  [47] = "GRE", [50] = "ESP", [51] = "AH", [58] = "ICMPv6", [89] = "OSPF", [103] = "PIM",
  [112] = "VRRP", [132] = "SCTP", [136] = "UDP-Lite",
}

local function ipv4(address)
  return string.format("%d.%d.%d.%d", string.byte(address, 1, 4))
end

-- Returns the canonical form of RFC 5952: "::" stands for the longest run of two or more zeros, and for
-- the first of several that are equally long.
local function ipv6(address)
  local groups = { string.unpack(">I2I2I2I2I2I2I2I2", address) }
  local first, longest, run = 0, 1, 0
  for i = 1, 8 do
    run = groups[i] == 0 and run + 1 or 0
    if run > longest then first, longest = i - run + 1, run end
    groups[i] = string.format("%x", groups[i])
  end
  if first == 1 and longest == 5 and groups[6] == "ffff" then
    return "::ffff:" .. ipv4(string.sub(address, 13)) -- an IPv4 address in an IPv6 socket
  elseif first == 0 then
    return table.concat(groups, ":", 1, 8)
  end
  return table.concat(groups, ":", 1, first - 1) .. "::" ..
    table.concat(groups, ":", first + longest, 8)
end

local function describe(data)
  local version, protocol, has_ports, source_port, destination_port, source, destination =
    string.unpack(">BBBxI2I2c16c16", data)
  if version == 0 then return "" end
  local name = PROTOCOLS[protocol] or "protocol " .. protocol
  local text = version == 4 and ipv4 or ipv6
  if has_ports == 0 then
    return string.format("(%s > %s %s)", text(source), text(destination), name)
  end
  local with_ports = version == 4 and "(%s:%d > %s:%d %s)" or "([%s]:%d > [%s]:%d %s)"
  return with_ports:format(text(source), source_port, text(destination), destination_port, name)
end

-- Most events have the same bytes as the event before them.
local last_data, last_text

function dump(data)
  if data ~= last_data then last_data, last_text = data, describe(data) end
  return last_text
end
