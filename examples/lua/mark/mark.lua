-- The packet's mark at the end of every line: the example of the scripting manual.
--
-- Build:   make examples (by hand: docs/lua.md)
-- Run:     sudo ipft -m 0xdeadbeef -s examples/lua/mark/mark.lua
-- Packets: ping -c 1 -m 0xdeadbeef 127.0.0.1
-- Output:  init
--          Timestamp   CPU Packet Module    Function
--          21336898336   0      1 vmlinux   ip_output (mark: 0xdeadbeef)
--          21337303849   0      1 vmlinux   nf_hook_slow (mark: 0xdeadbeef)
--          …
--          fini

-- The version of the scripting API. 1 is the only one.
api_version = 1

-- The folder of this script, as given to ipft; "" for the working directory.
local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or ""

function init()
  print("init")
end

function emit()
  return assert(io.open(folder .. "mark.bpf.o", "rb")):read("a")
end

function dump(data)
  local mark = string.unpack("=I4", data)
  return string.format("(mark: 0x%x)", mark)
end

function fini()
  print("fini")
end
