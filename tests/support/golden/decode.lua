api_version = 1

function decode(data)
  local length, protocol = string.unpack("=I4I2", data)
  if length % 7 == 0 then error("a length of sevens") end
  if length % 2 == 0 then return { length = length, half = length / 2, text = 'an "even" one' } end
  return { length = length, protocol = protocol }
end
