-- The packet's mark at the end of every line: the example of the scripting manual.
--
-- Build:  make examples
--         or here: clang -target bpf -O3 -c -g mark.bpf.c
-- Run:    sudo ./ipft -m 0xdeadbeef -s examples/lua/mark/mark.lua
--         and elsewhere: ping -c 1 -m 0xdeadbeef 127.0.0.1
-- Output: init
--               Timestamp  CPU   Module Function
--           1154340527210    0  vmlinux ip_send_skb (mark: 0xdeadbeef)
--           1154340691044    0  vmlinux __ip_local_out (mark: 0xdeadbeef)
--         …
--         fini

-- Version of the scripting API: 1 is the only one.
api_version = 1

-- Where this script is, as it was given to ipft; "" for the working directory.
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
