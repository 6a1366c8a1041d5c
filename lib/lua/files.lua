-- Files as Lua's library has them, over contents that are strings: what a script has open is part of its
-- memory. Returns the functions that lib/lua/sandbox.lua builds io with.
local error, select, setmetatable = error, select, setmetatable
local find, format, match, sub = string.find, string.format, string.match, string.sub
local tonumber, tostring, type, unpack = tonumber, tostring, type, table.unpack
local tointeger = math.tointeger

-- The state of each file: its text and the place of the next byte; no text when it is closed.
local states = setmetatable({}, { __mode = "k" })

local function open_state(file, method)
  local state = states[file]
  if not state then
    error(format("bad argument #1 to '%s' (FILE* expected, got %s)", method, type(file)), 3)
  end
  if not state.text then error("attempt to use a closed file", 3) end
  return state
end

local function read_line(state, keeps_end)
  local text, at = state.text, state.at
  if at > #text then return nil end
  local newline = find(text, "\n", at, true) or #text + 1
  state.at = newline + 1
  return sub(text, at, keeps_end and newline or newline - 1)
end

local function read_bytes(state, count)
  local text, at = state.text, state.at
  if at > #text then return nil end
  state.at = at + count
  return sub(text, at, at + count - 1)
end

-- As Lua does, reads no more than 200 characters for a number.
local function read_number(state)
  local text = state.text
  local start = match(text, "^%s*()", state.at)
  local number = sub(text, start, start + 199)
  local at, digit, exponent = match(number, "^[+-]?()"), "%d", "[eE]"
  local hexadecimal = match(number, "^0[xX]()", at)
  if hexadecimal then at, digit, exponent = hexadecimal, "%x", "[pP]" end
  at = match(number, "^" .. digit .. "*%.?" .. digit .. "*()", at)
  at = match(number, "^" .. exponent .. "[+-]?%d*()", at) or at
  state.at = start + at - 1
  return tonumber(sub(number, 1, at - 1))
end

local readers = {
  l = function(state) return read_line(state, false) end,
  L = function(state) return read_line(state, true) end,
  a = function(state) return read_bytes(state, #state.text) or "" end,
  n = read_number,
}

local function read(state, ...)
  local count = select("#", ...)
  if count == 0 then return read_line(state, false) end
  local results = {}
  for i = 1, count do
    local what = select(i, ...)
    if type(what) == "number" then
      local bytes = tointeger(what) or error("number has no integer representation", 3)
      results[i] = read_bytes(state, bytes)
    else
      local reader = readers[match(tostring(what), "^%*?(.)")]
      if not reader then error(format("bad argument #%d to 'read' (invalid format)", i), 3) end
      results[i] = reader(state)
    end
    if results[i] == nil then return unpack(results, 1, i) end
  end
  return unpack(results, 1, count)
end

local function lines(file, closes, ...)
  local formats, count = { ... }, select("#", ...)
  return function()
    local state = states[file]
    if not state.text then error("file is already closed", 2) end
    local first = { read(state, unpack(formats, 1, count)) }
    if first[1] == nil and closes then state.text = nil end
    return unpack(first, 1, count > 0 and count or 1)
  end
end

local methods = {}

function methods:read(...)
  return read(open_state(self, "read"), ...)
end

function methods:lines(...)
  open_state(self, "lines")
  return lines(self, false, ...)
end

function methods:seek(whence, offset)
  local state = open_state(self, "seek")
  local bases = { set = 0, cur = state.at - 1, ["end"] = #state.text }
  local base = bases[whence or "cur"]
  if not base then error(format("bad argument #1 to 'seek' (invalid option '%s')", tostring(whence)), 2) end
  local at = base + (tointeger(offset or 0) or error("bad argument #2 to 'seek' (integer expected)", 2))
  if at < 0 then return nil, "Invalid argument", 22 end
  state.at = at + 1
  return at
end

function methods:close()
  open_state(self, "close").text = nil
  return true
end

function methods:write()
  open_state(self, "write")
  return nil, "Bad file descriptor", 9
end

function methods:flush()
  open_state(self, "flush")
  return self
end

function methods:setvbuf()
  open_state(self, "setvbuf")
  return true
end

local metatable = {
  __index = methods,
  __name = "FILE*",
  __metatable = false,
  __close = function(file) states[file].text = nil end,
  __tostring = function(file)
    return states[file].text and format("file (%p)", file) or "file (closed)"
  end,
}

local files = {}

function files.open(content)
  local file = setmetatable({}, metatable)
  states[file] = { text = content, at = 1 }
  return file
end

-- Returns what io.type does.
function files.kind(object)
  local state = states[object]
  return state and (state.text and "file" or "closed file")
end

files.lines = lines

return files
