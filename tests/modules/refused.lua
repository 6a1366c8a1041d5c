-- Brings a module that the verifier refuses.
api_version = 1

function emit()
  return io.open("tests/modules/refused.bpf.o", "rb"):read("*all")
end

function fini()
  print("fini")
end
