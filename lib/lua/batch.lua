-- Runs a script's dump or decode on many events in one call from the host, because such a call costs as
-- much as the function itself. Takes the reserved names. Returns the functions that lib/lua/lua_vm.ts and
-- lib/lua/lua_reader.ts call.
local reserved = ... -- the names, each between spaces

local concat, next, pack, parse, sort = table.concat, next, string.pack, string.unpack, table.sort
local error, find, format, max = error, string.find, string.format, math.max
local rep, unpack = string.rep, table.unpack
local getinfo, ipairs, tostring, traceback = debug.getinfo, ipairs, tostring, debug.traceback
local math_type, pcall, type = math.type, pcall, type

local DATA_BYTES <const> = 64

-- What decode may make the host remember: so many sets of keys, of so many keys, of so many bytes.
local MOST_SHAPES <const>, MOST_KEYS <const>, KEY_BYTES <const> = 256, 1000, 255

-- [1] is the number of the event whose function runs. The host gives each event a budget of its own, and
-- continues with the next event after an error.
local progress = { 0 }

local events -- the data of each: DATA_BYTES
-- The results so far: strings and numbers, and for decode the sizes that tell them apart.
local texts, text_count = {}, 0
local sizes, size_count = {}, 0
local numbers, number_count = {}, 0
-- The events for which dump failed.
local failures, failure_count = {}, 0

-- The function that runs, its name, and what it returned for the current event.
local name, callee, returned
local bad_result = {} -- thrown when it returned a value of the wrong type
local run_dump

local function a(value)
  local kind = type(value)
  return kind == "nil" and "nil" or "a " .. kind
end

-- Formats for pack and parse, by what they repeat. Most batches have as many events as the one before,
-- and making a format takes as long as using it.
local formats = {}

local function format_of(kind, count)
  local cached = formats[kind]
  if cached and #cached == #kind * count then return cached end
  formats[kind] = rep(kind, count)
  return formats[kind]
end

-- A shape is the set of keys of a table, sorted, because the order of next() differs from run to run:
-- packed strings by number, and the numbers by these strings. Both begin anew when they are too many;
-- `generation` says how often they did.
local shapes, shape_numbers, generation = {}, {}, 0
-- The shape of the last table, and the place of each key in it: most tables have the same keys.
local shape, key_count, places = nil, nil, {}

-- Returns the generation of the shapes.
local function begin(batch)
  if #shapes > MOST_SHAPES then
    shapes, shape_numbers, generation, key_count, places = {}, {}, generation + 1, nil, {}
  end
  -- In half the time of one sub() for each event.
  events = { parse(format_of("c" .. DATA_BYTES, #batch // DATA_BYTES), batch) }
  text_count, size_count, number_count, failure_count = 0, 0, 0, 0
  return generation
end

-- Looks the function up for each batch, because a script may replace it.
local function use(global_name)
  name, callee = global_name, _G[global_name]
  if type(callee) == "function" then return callee end
  error(name .. " is no longer a function but " .. a(callee), 0)
end

-- Appends the text of each event. Each instruction here is paid for every event, and counts against its
-- budget: hence the local variables.
function run_dump(first, last)
  local dump, events, texts, progress = use("dump"), events, texts, progress
  for event = first, last do
    progress[1] = event
    local text = dump(events[event])
    texts[event] = text
    -- Fails for most values that are not strings; `take_texts` finds the others that have a length.
    -- Calling type() would take much longer.
    local _ = #text
  end
  text_count = last
end

local values = {}

local function is_reserved(key)
  return find(reserved, " " .. key .. " ", 1, true)
end

local function use_shape_of(fields)
  local keys = {}
  for key in next, fields do
    if type(key) ~= "string" or #key > KEY_BYTES or #keys == MOST_KEYS or is_reserved(key) then
      error(bad_result)
    end
    keys[#keys + 1] = key
  end
  sort(keys)
  places = {}
  for place, key in ipairs(keys) do places[key] = place end
  local packed = pack(rep("<s4", #keys), unpack(keys))
  shape = shape_numbers[packed] or #shapes + 1
  shapes[shape], shape_numbers[packed], key_count = packed, shape, #keys
end

local function keys_of(shape_number)
  return shapes[shape_number]
end

-- The integers that a double, and so most readers of JSON, hold exactly.
local SMALLEST <const>, LARGEST <const> = -(1 << 53), 1 << 53

-- Appends the shape of each event's table, and for each value the size of its text or, for a number, -1.
local function run_decode(first, last)
  local decode = use("decode")
  for event = first, last do
    progress[1] = event
    local fields = decode(events[event])
    returned = fields
    if type(fields) ~= "table" then error(bad_result) end
    local count = 0
    for key, value in next, fields do
      local place = places[key]
      if not place then
        count = -1
        break
      end
      values[place] = value
      count = count + 1
    end
    if count ~= key_count then
      use_shape_of(fields)
      for key, value in next, fields do values[places[key]] = value end
    end
    local text, number, size = text_count, number_count, size_count + 1
    sizes[size] = shape
    for place = 1, key_count do
      local value = values[place]
      local kind = math_type(value)
      size = size + 1
      if kind == "float" or kind and value >= SMALLEST and value <= LARGEST then
        number = number + 1
        numbers[number] = value
        sizes[size] = -1
      else
        if kind then
          value = format("%d", value)
        elseif type(value) ~= "string" then
          error(bad_result)
        end
        text = text + 1
        texts[text] = value
        sizes[size] = #value
      end
    end
    text_count, number_count, size_count = text, number, size
  end
end

-- Appends what went wrong for an event.
local function fail(event, message)
  if name == "dump" then
    texts[event], text_count = message, max(event, text_count)
    failure_count = failure_count + 1
    failures[failure_count] = event
  else
    text_count, size_count = text_count + 1, size_count + 1
    texts[text_count] = message
    sizes[size_count] = ~#message -- inverted: no result
  end
end

local function packed(kind, list, count)
  return pack(format_of(kind, count), unpack(list, 1, count))
end

-- Returns the results of dump: each text behind its size as a 32-bit integer, and the numbers of the
-- events that failed, as such integers.
local function take_texts()
  return packed("<s4", texts, text_count), packed("<i4", failures, failure_count)
end

-- Returns the results of decode: all texts, all sizes as 32-bit integers, all numbers as doubles.
local function take_fields()
  return concat(texts, "", 1, text_count), packed("<i4", sizes, size_count),
    packed("<d", numbers, number_count)
end

-- Says what is wrong with the result of the current event.
local function complaint()
  local wrong = format("%s returned %s", name, a(returned))
  if name == "dump" then return wrong .. "; it must return a string" end
  if type(returned) ~= "table" then return wrong .. "; it must return a table" end
  local count = 0
  for key, value in next, returned do
    count = count + 1
    if type(key) ~= "string" then
      return format("%s with %s as a key; keys must be strings", wrong, a(key))
    elseif count > MOST_KEYS then
      return format("%s with more than %d keys", wrong, MOST_KEYS)
    elseif #key > KEY_BYTES then
      return format("%s with a key of %d bytes; the longest may have %d", wrong, #key, KEY_BYTES)
    elseif is_reserved(key) then
      return format("%s with the key '%s', which is reserved; choose another", wrong, key)
    elseif type(value) ~= "string" and type(value) ~= "number" then
      return format("%s with %s as '%s'; values must be strings or numbers", wrong, a(value), key)
    end
  end
end

local function positioned(message)
  local source = getinfo(callee, "S")
  return format("%s:%d: %s", source.short_src, source.linedefined, message)
end

-- Finds the first event whose result has a length but is not a string, and says what is wrong with it.
local function find_bad_result()
  for event = 1, text_count do
    returned = texts[event]
    if type(returned) ~= "string" then return event, positioned(complaint()) end
  end
end

-- Handles all errors in scripts: returns a message and, on the lines behind it, a traceback.
local function explain(value)
  if getinfo(2, "f").func == run_dump then returned, value = texts[progress[1]], bad_result end
  if value == bad_result then
    return positioned(complaint())
  elseif type(value) ~= "string" then
    local ok, text = pcall(tostring, value)
    value = ok and text or a(value)
  end
  return traceback(value, 2)
end

return progress, explain, begin, run_dump, run_decode, keys_of, fail, find_bad_result, take_texts,
  take_fields
