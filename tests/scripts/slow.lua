-- The verifier takes long for its program. For tests/e2e/signals_test.ts.
api_version = 1

program = io.open("tests/scripts/slow.bpf.o"):read("a")
