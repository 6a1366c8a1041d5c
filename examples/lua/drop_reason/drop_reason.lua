-- Why the kernel dropped a packet, on the line of the function that dropped it.
--
-- Build:  make examples
--         or here: clang -target bpf -O3 -c -g drop_reason.bpf.c
-- Run:    sudo ./ipft -m 1234 -s examples/lua/drop_reason/drop_reason.lua
--         and elsewhere, from a socket with that mark, send a UDP packet to a port that nobody listens on
-- Output: 1154340691044    0  vmlinux __udp4_lib_rcv
--         1154340702375    0  vmlinux sk_skb_reason_drop (drop reason: NO_SOCKET)
--         Linux gives reasons since 5.17; on older kernels no line has any.

api_version = 1

local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or ""

function emit()
  return assert(io.open(folder .. "drop_reason.bpf.o", "rb")):read("a")
end

function dump(data)
  local reason, name = string.unpack("=I4z", data)
  -- Functions that drop are also told of packets that have come to a good end.
  if reason == 0 or name == "CONSUMED" then return "" end
  return string.format("(drop reason: %s)", name ~= "" and name or reason)
end
