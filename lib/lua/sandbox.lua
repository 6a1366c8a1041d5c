-- Reduces the standard library to what a script may use: all that computes, reading of files that the
-- host allows, and nothing that changes the machine. Runs before the script, with the functions that
-- lib/lua/sandbox.ts provides. It makes refusals clear, and nothing more depends on it: the virtual machine
-- itself reaches neither files nor commands, and a call that runs too long is ended from outside of Lua.
local script_folder, read_host_file, write_stdout, write_stderr, clock, own_chunk, files = ...

local error, rawequal, rawget, select, setmetatable = error, rawequal, rawget, select, setmetatable
local load, tostring, type = load, tostring, type
local getinfo = debug.getinfo

local function refuse(name, why)
  return function()
    error(name .. ": refused by ipft's sandbox, " .. why, 2)
  end
end

-- Finalizers run when the garbage collector wants, in whatever call that is.
function _G.setmetatable(t, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
    error("setmetatable: refused by ipft's sandbox, __gc is not available", 2)
  end
  return setmetatable(t, metatable)
end

-- The rest of the library sees into the sandbox's own functions.
for name in pairs(debug) do
  if name ~= "traceback" and name ~= "getinfo" then
    debug[name] = refuse("debug." .. name, "only traceback and getinfo are available")
  end
end

-- Leaves out functions that are not the script's: those of the sandbox, and the library's that it replaces.
function debug.getinfo(...)
  local args = table.pack(...)
  local place = type(args[1]) == "thread" and 2 or 1
  if place == 1 and type(args[1]) == "number" then args[1] = args[1] + 1 end
  local info = getinfo(table.unpack(args, 1, args.n))
  local f = info and info.func
  if f and f ~= args[place] then
    local source = getinfo(f, "S")
    if source.what == "C" or source.short_src == own_chunk then info.func = nil end
  end
  return info
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

local warns = false

function _G.warn(message, ...)
  if select("#", ...) == 0 and message == "@on" then warns = true
  elseif select("#", ...) == 0 and message == "@off" then warns = false
  elseif warns then
    write_stderr("Lua warning: " .. table.concat({ message, ... }) .. "\n")
  end
end

-- Files ---------------------------------------------------------------------------------------------

function io.type(object)
  if rawequal(object, io.stdout) or rawequal(object, io.stderr) then return "file" end
  return files.kind(object)
end

local function check_reading(name, mode)
  if mode ~= nil and mode ~= "r" and mode ~= "rb" then
    error(("%s: mode '%s' refused by ipft's sandbox, files can only be read"):format(name, mode), 3)
  end
end

local function check_path(name, path)
  local kind = type(path)
  if kind ~= "string" and kind ~= "number" then
    error(("bad argument #1 to '%s' (string expected, got %s)"):format(name, kind), 3)
  end
end

function io.open(path, mode)
  check_path("open", path)
  check_reading("io.open", mode)
  local content, message = read_host_file(tostring(path))
  if not content then return nil, message, 2 end
  return files.open(content)
end

function io.lines(path, ...)
  if path == nil then error("io.lines: refused by ipft's sandbox, there is no standard input", 2) end
  check_path("lines", path)
  local content, message = read_host_file(tostring(path))
  if not content then error(message, 2) end
  local file = files.open(content)
  return files.lines(file, true, ...), nil, nil, file
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

-- Loads source only: nothing checks bytecode before the virtual machine runs it.
function _G.load(chunk, name, mode, ...)
  if mode ~= nil and not tostring(mode):find("t", 1, true) then
    return nil, "attempt to load binary code: refused by ipft's sandbox, only source is loaded"
  end
  return load(chunk, name, "t", ...)
end

function _G.loadfile(path, _, ...)
  if path == nil then error("loadfile: refused by ipft's sandbox, there is no standard input", 2) end
  check_path("loadfile", path)
  local source, message = read_host_file(tostring(path))
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
    local content, message = read_host_file(tostring(candidate))
    if content then return candidate end
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
