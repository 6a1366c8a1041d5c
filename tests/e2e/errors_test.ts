import assert from "node:assert/strict";
import {
  COMMAND,
  ipft,
  ipftCommandLine,
  isKernel,
  options,
  run,
  shell,
  workingBackends,
} from "./ipft.ts";

const backends = await workingBackends();
const few = options(backends[0]);

/** Fails with this status and one line on stderr, no stack trace. */
async function assertFails(code: number, message: RegExp, ...args: string[]): Promise<void> {
  const finished = await ipft(...args);
  assert.equal(finished.code, code, finished.stderr);
  assert.match(finished.stderr.trimEnd(), message);
  assert.doesNotMatch(finished.stderr.trimEnd(), /\n/);
  assert.equal(finished.stdout, "");
}

Deno.test("ipft without root says so", async () => {
  // The checkout and Deno's own files are root's here: what matters is the user.
  const { code, stderr } = await run(
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "env",
    "HOME=/tmp/nobody",
    "DENO_DIR=/tmp/nobody/deno",
    ...COMMAND,
    "-m",
    "1",
  );
  assert.equal(code, 1);
  assert.match(stderr, /^ipft: ipft must be root to trace the kernel; run it with sudo$/m);
});

Deno.test("ipft takes the libbpf that IPFT_LIBBPF names, and says so when it cannot", async () => {
  const withLibbpf = (path: string, ...args: string[]) =>
    run("bash", "-c", `IPFT_LIBBPF=${path} ${ipftCommandLine(...args)}`);
  const missing = await withLibbpf("/nowhere.so", "-m", "1", ...few);
  assert.equal(missing.code, 1);
  assert.match(
    missing.stderr,
    /^ipft: cannot open \/nowhere\.so: .*; run make bpf, or set IPFT_LIBBPF/,
  );
  const system = await withLibbpf("/usr/lib/x86_64-linux-gnu/libbpf.so.1", "--version");
  assert.match(system.stdout, /, libbpf 1\.\d+, /);
});

Deno.test("ipft takes the libpcap that IPFT_LIBPCAP names, and says so when it cannot", async () => {
  const withLibpcap = (path: string) =>
    run("bash", "-c", `IPFT_LIBPCAP=${path} ${ipftCommandLine("--version")}`);
  const missing = await withLibpcap("/nowhere.so");
  assert.equal(missing.code, 1);
  assert.match(
    missing.stderr,
    /^ipft: cannot open \/nowhere\.so: .*; run make bpf, or set IPFT_LIBPCAP/,
  );
  const copy = await Deno.makeTempFile({ suffix: ".so" });
  await Deno.copyFile(new URL("../../lib/ffi/native/libpcap.so.1", import.meta.url), copy);
  const other = await withLibpcap(copy);
  assert.match(other.stdout, /, libpcap 1\.\d+\.\d+\n$/);
});

Deno.test("ipft without BTF says what the kernel lacks", async () => {
  await shell("mkdir -p /tmp/empty && mount --bind /tmp/empty /sys/kernel/btf");
  try {
    await assertFails(1, /^ipft: .*\/sys\/kernel\/btf\/vmlinux.*CONFIG_DEBUG_INFO_BTF/, "-l");
  } finally {
    await shell("umount /sys/kernel/btf");
  }
});

Deno.test("ipft without /sys, as in a container, says that it is not mounted", async () => {
  for (const args of [["-m", "1"], ["-l"], ["doctor"]]) {
    const script = `umount -R /sys && ${ipftCommandLine(...args)}`;
    const { code, stderr } = await run("unshare", "-m", "bash", "-c", script);
    assert.equal(code, 1);
    assert.match(stderr, /^ipft: \/sys is not mounted; mount it: mount -t sysfs sysfs \/sys\n$/);
  }
});

Deno.test("ipft with a ring that the kernel refuses names --buffer-size", async () => {
  if (!isKernel(5, 11)) return; // does not charge BPF memory to the cgroup
  const cgroup = "/sys/fs/cgroup/ipft-test";
  await shell(`echo +memory >/sys/fs/cgroup/cgroup.subtree_control; mkdir ${cgroup}`);
  try {
    await Deno.writeTextFile(`${cgroup}/memory.max`, "512M");
    await Deno.writeTextFile(`${cgroup}/cgroup.procs`, String(Deno.pid));
    await assertFails(
      1,
      /^ipft: the kernel refused a ring buffer of 2147483648 bytes: ENOMEM .*--buffer-size$/,
      "-m",
      "1",
      "--buffer-size",
      "2G",
      ...few,
    );
  } finally {
    await Deno.writeTextFile("/sys/fs/cgroup/cgroup.procs", String(Deno.pid));
    await Deno.remove(cgroup);
  }
});

Deno.test("ipft with a backend that the kernel lacks says what is missing", async () => {
  if (backends.includes("kprobe-multi")) return;
  await assertFails(
    1,
    /^ipft: this kernel cannot trace with kprobe-multi: it lacks kprobe-multi links \(Linux 5.18 with CONFIG_FPROBE\); use --backend kprobe$/,
    "-m",
    "1",
    "-b",
    "kprobe-multi",
  );
});

Deno.test("ipft with a filter that nothing passes says how to list functions", async () => {
  await assertFails(
    2,
    /^ipft: none of \d+ functions matches .*ipft -l$/,
    "-m",
    "1",
    "-r",
    "^no_such$",
  );
});

Deno.test("ipft -l lists functions, those of modules with their module", async () => {
  const [all, some] = await Promise.all([ipft("-l"), ipft("-l", "-r", "^ip_rcv$|^icmp_rcv$")]);
  assert.equal(all.code, 0);
  const lines = all.stdout.trimEnd().split("\n");
  assert(lines.length > 1000, `${lines.length} functions`);
  assert(lines.every((line) => /^[\w.]+( \[\w+\])?$/.test(line)));
  assert.equal(some.stdout, "icmp_rcv\nip_rcv\n");
});

Deno.test("ipft doctor prints what the kernel has and which backends work", async () => {
  const { code, stdout } = await ipft("doctor");
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^Linux ${Deno.osRelease().replaceAll(/[.+]/g, "\\$&")}$`, "m"));
  assert.match(stdout, /^ {2}BPF ring buffer +yes$/m);
  assert.match(stdout, /^ {2}skb functions +\d{4}, \d+ of them in modules$/m);
  assert.match(stdout, new RegExp(`^ {2}${backends[0]} +works \\(the default\\)$`, "m"));
  const works = [...stdout.matchAll(/^ {2}(\S+) +works/gm)].map(([, backend]) => backend);
  // For the tracer function, then for function_graph.
  assert.deepEqual(works, [...backends, ...backends.filter((backend) => backend !== "kprobe")]);
});
