-- Does what no script should, a different thing for each event. For tests/e2e/lua_test.ts.
api_version = 1

local attacks = {
  function() while true do end end,
  function() while true do pcall(function() while true do end end) end end,
  function() local s = "x" while true do s = s .. s end end,
  function()
    while true do coroutine.resume(coroutine.create(function() while true do end end)) end
  end,
  function()
    local c <close> = setmetatable({}, { __close = function() while true do end end })
    while true do end
  end,
  function() return io.open("/etc/shadow"):read("a") end,
  function() io.open("tests/e2e/made-by-a-script", "w"):write("harm") end,
  function() os.execute("touch tests/e2e/made-by-a-script") end,
  function() io.popen("touch tests/e2e/made-by-a-script"):read("a") end,
  function() os.exit(3) end,
  function() return nil end,
  function() error("an error of its own") end,
  function() return "fine" end,
}
local event = 0

function init()
  print("init")
end

function dump()
  event = event + 1
  return (attacks[event] or attacks[#attacks])()
end

function fini()
  print("fini after " .. event)
end
