import { join } from "node:path";

/** The files and sizes that make a VM. */
export interface Machine {
  /** What build-kernel.sh made. */
  kernelFolder: string;
  /** What build-root.sh made. */
  rootImage: string;
  /** What writePayload made. */
  payload: string;
  /** The file that gets what the kernel prints. */
  consoleLog: string;
  cpus: number;
  /** Whether its processors run at the same time, or take turns. */
  parallel: boolean;
  memoryMiB: number;
}

/**
 * qemu's command line for a guest whose command reads qemu's stdin and writes to qemu's stdout, and
 * which reports the end of the command on qemu's stderr (see guest.sh).
 */
export function qemuArguments(machine: Machine): string[] {
  const { kernelFolder } = machine;
  const thread = machine.parallel ? "multi" : "single";
  return [
    ...["-nodefaults", "-display", "none", "-no-reboot"],
    // KVM is not asked for: where the tests run there may be none, and the results shall not differ.
    ...["-accel", `tcg,thread=${thread}`, "-cpu", "max"],
    ...["-smp", `${machine.cpus}`, "-m", `${machine.memoryMiB}`],
    ...["-kernel", join(kernelFolder, "vmlinuz"), "-initrd", join(kernelFolder, "initrd")],
    ...["-append", KERNEL_COMMAND_LINE],
    ...["-chardev", `file,id=console,path=${optionValue(machine.consoleLog)}`],
    ...["-serial", "chardev:console"],
    // The initrd and guest.sh know the disks by this order.
    ...disk(machine.rootImage, "snapshot=on"),
    ...disk(join(kernelFolder, "modules.ext2"), "read-only=on"),
    ...disk(machine.payload, "snapshot=off"),
    // Virtio ports move megabytes in the time in which an emulated serial line moves kilobytes.
    ...["-device", "virtio-serial-pci,max_ports=4"],
    ...port(1, "file", "output", "path=/dev/stdout"),
    ...port(2, "file", "status", "path=/dev/stderr"),
    ...port(3, "stdio", "input", "signal=off"),
  ];
}

/**
 * `oops=panic softlockup_panic=1 panic=-1` with qemu's `-no-reboot`: a broken kernel ends qemu at
 * once. `mitigations=off`: emulating them costs time and protects nothing. `tsc=reliable`: or else the
 * kernel may give up the TSC as its clock, where other work has stopped a processor for a moment, and
 * rewrite its code for that; four processors don't always survive it in QEMU (int3 in sched_clock_cpu).
 */
const KERNEL_COMMAND_LINE = [
  ...["console=ttyS0", "quiet"],
  // Emulated, a process with randomised addresses starts more slowly: Deno takes twice as long.
  "norandmaps",
  ...["oops=panic", "softlockup_panic=1", "panic=-1"],
  ...["mitigations=off", "no_timer_check", "tsc=reliable"],
].join(" ");

function disk(path: string, option: string): string[] {
  // cache=unsafe: nothing that is written outlives the VM.
  return ["-drive", `file=${optionValue(path)},if=virtio,format=raw,cache=unsafe,${option}`];
}

function port(number: number, kind: string, id: string, option: string): string[] {
  return [
    ...["-chardev", `${kind},id=${id},${option}`],
    ...["-device", `virtserialport,nr=${number},chardev=${id}`],
  ];
}

/** A comma ends a value in qemu's options unless it is doubled. */
function optionValue(value: string): string {
  return value.replaceAll(",", ",,");
}
