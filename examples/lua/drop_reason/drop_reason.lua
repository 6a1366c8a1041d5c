-- Why the kernel dropped a packet, on the line of the function that dropped it.
--
-- Build:   make examples (by hand: docs/lua.md)
-- Run:     sudo ipft -m 1234 -s examples/lua/drop_reason/drop_reason.lua
-- Packets: UDP with that mark, to a port where nobody listens (docs/marking.md)
-- Output:  Timestamp   CPU Packet Module    Function
--          65087509287   0      1 vmlinux   __udp4_lib_rcv
--          65087888170   0      1 vmlinux   sk_skb_reason_drop (drop reason: NO_SOCKET)
--          65087894880   0      1 vmlinux   skb_release_head_state
--          The names are the kernel's own; a reason without a name is a number. Linux has reasons
--          since 5.17: no line shows one on older kernels.

api_version = 1

local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or ""

function emit()
  return assert(io.open(folder .. "drop_reason.bpf.o", "rb")):read("a")
end

function dump(data)
  local reason, name = string.unpack("=I4z", data)
  -- The same functions free packets that were not dropped.
  if reason == 0 or name == "CONSUMED" then return "" end
  return string.format("(drop reason: %s)", name ~= "" and name or reason)
end
