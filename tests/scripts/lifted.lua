-- Shows the 64 bytes in hexadecimal.
api_version = 1

function emit()
  return io.open("tests/scripts/lifted.bpf.o", "rb"):read("*all")
end

function dump(data)
  return (data:gsub(".", function(byte)
    return string.format("%02x", byte:byte())
  end))
end
