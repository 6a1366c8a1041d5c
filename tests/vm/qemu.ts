import { join } from "node:path";

/** The files and sizes of a VM. */
export interface Machine {
  /** The directory that build-kernel.sh filled. */
  kernelFolder: string;
  /** The image that build-root.sh made. */
  rootImage: string;
  /** The image that writePayload made. */
  payload: string;
  /** The file to write the kernel's console to. */
  consoleLog: string;
  cpus: number;
  /** Whether its processors run at the same time; otherwise they take turns. */
  parallel: boolean;
  memoryMiB: number;
}

/**
 * Returns qemu's arguments for a guest whose command reads qemu's stdin and writes to its stdout. The
 * guest reports the end of the command on qemu's stderr (see guest.sh).
 */
export function qemuArguments(machine: Machine): string[] {
  const { kernelFolder } = machine;
  const thread = machine.parallel ? "multi" : "single";
  return [
    ...["-nodefaults", "-display", "none", "-no-reboot"],
    // No KVM: some machines that run the tests have none, and the results must not differ.
    ...["-accel", `tcg,thread=${thread}`, "-cpu", "max"],
    ...["-smp", `${machine.cpus}`, "-m", `${machine.memoryMiB}`],
    ...["-kernel", join(kernelFolder, "vmlinuz"), "-initrd", join(kernelFolder, "initrd")],
    ...["-append", KERNEL_COMMAND_LINE],
    ...["-chardev", `file,id=console,path=${optionValue(machine.consoleLog)}`],
    ...["-serial", "chardev:console"],
    // The initrd and guest.sh rely on this order of the disks.
    ...disk(machine.rootImage, "snapshot=on"),
    ...disk(join(kernelFolder, "modules.ext2"), "read-only=on"),
    ...disk(machine.payload, "snapshot=off"),
    // Virtio ports are a thousand times as fast as an emulated serial line.
    ...["-device", "virtio-serial-pci,max_ports=4"],
    ...port(1, "file", "output", "path=/dev/stdout"),
    ...port(2, "file", "status", "path=/dev/stderr"),
    ...port(3, "stdio", "input", "signal=off"),
  ];
}

/**
 * `oops=panic softlockup_panic=1 panic=-1`: with qemu's `-no-reboot`, a broken kernel ends qemu at once.
 * `mitigations=off`: emulating them costs time and protects nothing. `tsc=reliable`: otherwise the kernel
 * may give up the TSC as its clock when other work on the host stops a processor for a moment, and patch
 * its code for that, which four processors do not always survive in QEMU (int3 in sched_clock_cpu).
 */
const KERNEL_COMMAND_LINE = [
  ...["console=ttyS0", "quiet"],
  // Under emulation, address randomisation slows down the start of a process: Deno takes twice as long.
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
