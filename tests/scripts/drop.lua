-- Shows which event it is; every second one is dropped.
api_version = 1

function emit()
  return io.open("tests/scripts/drop.bpf.o", "rb"):read("*all")
end

function dump(data)
  return tostring(string.unpack("=I8", data))
end
