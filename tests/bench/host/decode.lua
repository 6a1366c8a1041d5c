api_version = 1
function decode(data)
  local len, mark, cookie = string.unpack("=I4I4I8", data)
  return { len = len, mark = mark, cookie = cookie }
end
