-- Brings C that the verifier refuses.
api_version = 1

function emit()
  return io.open("tests/scripts/refused.bpf.o", "rb"):read("*all")
end

function fini()
  print("fini")
end
