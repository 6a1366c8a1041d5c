-- Reduces the standard library to what a script may use: all that computes, reading of files that the
-- host allows, and nothing that changes the machine. Runs before the script, with the functions that
-- lib/lua/sandbox.ts provides. Returns what the host throws at the end of a budget.
local script_folder, copy_file, write_stdout, write_stderr, clock = ...

local error, pcall, select, tostring, type, xpcall = error, pcall, select, tostring, type, xpcall
local rawequal, rawget, setmetatable = rawequal, rawget, setmetatable
local load = load
local open_file, file_lines, io_type, remove_file = io.open, io.lines, io.type, os.remove

local function refuse(name, why)
  return function()
    error(name .. ": refused by ipft's sandbox, " .. why, 2)
  end
end

-- Budgets -------------------------------------------------------------------------------------------

-- The host throws this when a call has used up its budget of instructions. A script must not catch it, or
-- `while true do pcall(f) end` would never end.
local budget_exceeded = {}

local function pass_on(ok, value, ...)
  if not ok and value == budget_exceeded then error(budget_exceeded, 0) end
  return ok, value, ...
end

function _G.pcall(...)
  return pass_on(pcall(...))
end

function _G.xpcall(f, handler, ...)
  if type(handler) ~= "function" then return xpcall(f, handler, ...) end
  return pass_on(xpcall(f, function(value)
    if value == budget_exceeded then return value end
    return handler(value)
  end, ...))
end

local resume, close_coroutine = coroutine.resume, coroutine.close

function coroutine.resume(...)
  return pass_on(resume(...))
end

function coroutine.close(...)
  return pass_on(close_coroutine(...))
end

-- Finalizers run with hooks disabled, outside of every budget.
function _G.setmetatable(t, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
    error("setmetatable: refused by ipft's sandbox, __gc is not available", 2)
  end
  return setmetatable(t, metatable)
end

-- The host counts instructions with a hook, which a script could remove. The rest of the library
-- sees into the sandbox's own functions.
for name in pairs(debug) do
  if name ~= "traceback" and name ~= "getinfo" then
    debug[name] = refuse("debug." .. name, "only traceback and getinfo are available")
  end
end

-- Output --------------------------------------------------------------------------------------------

local function output_file(write)
  local file = {}
  function file:write(...)
    for i = 1, select("#", ...) do
      local value = select(i, ...)
      local kind = type(value)
      if kind ~= "string" and kind ~= "number" then
        error(("bad argument #%d to 'write' (string expected, got %s)"):format(i, kind), 2)
      end
      write(tostring(value))
    end
    return self
  end
  function file:flush() return self end
  function file:setvbuf() return true end
  function file:close() return nil, "standard files stay open", 9 end
  return setmetatable(file, { __name = "FILE*", __metatable = false })
end

io.stdout = output_file(write_stdout)
io.stderr = output_file(write_stderr)

function io.write(...)
  return io.stdout:write(...)
end

function _G.print(...)
  local line = {}
  for i = 1, select("#", ...) do line[i] = tostring((select(i, ...))) end
  write_stdout(table.concat(line, "\t") .. "\n")
end

function io.type(object)
  if rawequal(object, io.stdout) or rawequal(object, io.stderr) then return "file" end
  return io_type(object)
end

-- Files ---------------------------------------------------------------------------------------------

local function check_reading(name, mode)
  if mode ~= nil and mode ~= "r" and mode ~= "rb" then
    error(("%s: mode '%s' refused by ipft's sandbox, files can only be read"):format(name, mode), 3)
  end
end

-- Opens a file with Lua's own library: the host copies it into the memory of the virtual machine. The
-- name is removed at once, so that closing the file frees the copy.
local function open_copy(path)
  local copy, message = copy_file(path)
  if not copy then return nil, message, 2 end
  local file = open_file(copy, "rb")
  remove_file(copy)
  return file
end

function io.open(path, mode)
  check_reading("io.open", mode)
  return open_copy(path)
end

function io.lines(path, ...)
  if path == nil then error("io.lines: refused by ipft's sandbox, there is no standard input", 2) end
  local copy, message = copy_file(path)
  if not copy then error(message, 2) end
  local next_line, a, b, c = file_lines(copy, ...)
  remove_file(copy)
  return next_line, a, b, c
end

function io.close(file)
  if file == nil then return io.stdout:close() end
  return file:close()
end

for _, name in ipairs { "input", "read" } do
  io[name] = refuse("io." .. name, "there is no standard input")
end
io.stdin = nil
io.output = refuse("io.output", "io.write writes to standard output")
io.tmpfile = refuse("io.tmpfile", "files can only be read")
io.popen = refuse("io.popen", "a script cannot run commands")

local function read_file(path)
  local file, message = open_copy(path)
  if not file then return nil, message end
  local source = file:read("a")
  file:close()
  return source
end

-- Loads source only: nothing checks bytecode before the virtual machine runs it.
function _G.load(chunk, name, mode, ...)
  if mode ~= nil and not tostring(mode):find("t", 1, true) then
    return nil, "attempt to load binary code: refused by ipft's sandbox, only source is loaded"
  end
  return load(chunk, name, "t", ...)
end

function _G.loadfile(path, _, ...)
  if path == nil then error("loadfile: refused by ipft's sandbox, there is no standard input", 2) end
  local source, message = read_file(path)
  if not source then return nil, message end
  -- Skips a "#!" line, but keeps its end, so that messages have the right line numbers.
  return load(source:gsub("^#[^\n]*", ""), "@" .. path, "t", ...)
end

function _G.dofile(path)
  local chunk, message = loadfile(path)
  if not chunk then error(message, 2) end
  return chunk()
end

-- require -------------------------------------------------------------------------------------------

package.path = script_folder .. "/?.lua;" .. script_folder .. "/?/init.lua"
package.cpath = ""
package.loadlib = refuse("package.loadlib", "native code cannot be loaded")

function package.searchpath(name, path, separator, replacement)
  separator, replacement = separator or ".", replacement or "/"
  if separator ~= "" then
    local literal = separator:gsub("%W", "%%%0")
    name = name:gsub(literal, (replacement:gsub("%%", "%%%%")))
  end
  local tried = {}
  for template in path:gmatch("[^;]+") do
    local candidate = template:gsub("%?", (name:gsub("%%", "%%%%")))
    local file, message = open_copy(candidate)
    if file then
      file:close()
      return candidate
    end
    tried[#tried + 1] = "no file: " .. message
  end
  return nil, table.concat(tried, "\n\t")
end

package.searchers = {
  package.searchers[1], -- package.preload
  function(name)
    local path, tried = package.searchpath(name, package.path)
    if not path then return tried end
    local chunk, message = loadfile(path)
    if chunk then return chunk, path end
    error(("error loading module '%s' from file '%s':\n\t%s"):format(name, path, message), 0)
  end,
  function()
    return "no native code: ipft's sandbox loads only Lua files"
  end,
}

-- The machine ---------------------------------------------------------------------------------------

os.clock = clock
os.execute = refuse("os.execute", "a script cannot run commands")
os.exit = refuse("os.exit", "ipft ends when the trace does")
os.getenv = refuse("os.getenv", "a script cannot see the environment")
os.remove = refuse("os.remove", "files can only be read")
os.rename = refuse("os.rename", "files can only be read")
os.setlocale = refuse("os.setlocale", "the locale is always C")
os.tmpname = refuse("os.tmpname", "files can only be read")

return budget_exceeded
