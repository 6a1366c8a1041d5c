/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * A worker that runs programs on one CPU: for each `FillingOrder` it is sent, it sends back how long a run
 * took on the average, in ns.
 *
 * @module
 */
import { testRunOptions } from "../../support/ring_filler.ts";

export interface FillingOrder {
  readonly cpu: number;
  readonly programFd: number;
  /** How often the program is run. */
  readonly repeat: number;
}

// Calls that block, because those that don't are made on threads of Deno's choice.
const libbpf = Deno.dlopen("libbpf.so.1", {
  bpf_prog_test_run_opts: { parameters: ["i32", "buffer"], result: "i32" },
}).symbols;
const libc = Deno.dlopen("libc.so.6", {
  sched_setaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
}).symbols;

self.onmessage = ({ data }: MessageEvent<FillingOrder>) => {
  const { cpu, programFd, repeat } = data;
  const cpuSet = new BigUint64Array([1n << BigInt(cpu)]);
  if (libc.sched_setaffinity(0, BigInt(cpuSet.byteLength), cpuSet) !== 0) {
    throw new Error(`there is no CPU ${cpu}`);
  }
  const options = testRunOptions(repeat);
  const result = libbpf.bpf_prog_test_run_opts(programFd, options);
  if (result < 0) throw new Error(`BPF_PROG_TEST_RUN: ${result}`);
  if (options.getUint32(56, true) !== 0) throw new Error("the ring is full");
  self.postMessage(options.getUint32(64, true));
};
