api_version = 1

function dump(data)
  local length = string.unpack("=I4", data)
  if length % 7 == 0 then error("a length of sevens") end
  return string.format('("length": %d)', length)
end
