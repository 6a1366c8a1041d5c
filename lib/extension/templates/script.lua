-- Run:     sudo ipft -m 1234 -s THIS_FILE.lua
-- Try:     ipft lua THIS_FILE.lua --data "54 00 00 00"
-- Packets: ping -m 1234 192.0.2.1
-- Manual:  docs/lua.md

api_version = 1

local events = 0

-- Before the trace.
function init()
end

-- The compiled module, whose module() fills 64 bytes for each event. Without it they are zeros. Take
-- away the dashes once there is an object, here that of: ipft --gen bpf-module-skeleton > extension.bpf.c
-- function emit()
--   return io.open("extension.bpf.o", "rb"):read("a")
-- end

-- What is shown of an event: ( len: 84 mark: 0x4d2 ), in JSON fields. In its place, dump(data) returns
-- the text itself.
function decode(data)
  events = events + 1
  local len, mark = string.unpack("=I4I4", data)
  return { len = len, mark = string.format("0x%x", mark) }
end

-- After the trace and its output.
function fini()
  io.stderr:write(string.format("%d events formatted\n", events))
end
