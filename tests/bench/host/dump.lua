api_version = 1
function dump(data)
  mark = string.unpack("=I4", data)
  return string.format("(mark: 0x%x)", mark)
end
