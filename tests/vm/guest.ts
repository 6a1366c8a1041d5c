import { join } from "node:path";
import { IpftError } from "../../lib/base/errors.ts";
import { Messages, Output } from "./channels.ts";
import { writePayload } from "./payload.ts";
import { qemuArguments } from "./qemu.ts";

/** The kernels that setup.sh fetches. */
export const KERNELS = ["6.12", "6.1", "5.10", "7.2"] as const;

/** One of the kernels that setup.sh fetches. */
export type Kernel = typeof KERNELS[number];

/** What to run in which guest. */
export interface GuestOptions {
  kernel: Kernel;
  /** The program to run and its arguments; nothing interprets them on the way. */
  command: readonly string[];
  /** The folder that the guest gets as `/ipft`, the command's working directory. */
  checkout: string;
  /** The Deno binary that the guest gets as `/usr/local/bin/deno`. */
  deno: string;
  /** Folders whose contents the guest gets in `/mnt/extras`; none unless told. */
  extras?: readonly string[];
  /** From the start of the VM to the end of the command. */
  timeoutMs: number;
  /** 2 unless told. */
  cpus?: number;
  /** 2048 unless told. */
  memoryMiB?: number;
  /** The command's stdin; empty unless told. */
  input?: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Called with the command's stdout and stderr as they come. */
  onOutput?: (bytes: Uint8Array) => void;
}

/** How a command ended in its guest. */
export interface GuestResult {
  /** Its stdout and stderr. */
  output: string;
  /** Its exit status, or 128 + the number of the signal that ended it. */
  exitCode: number;
}

/** The guest gave no result: its kernel crashed or it hung. The message ends with the console. */
export class GuestFailure extends Error {
  override readonly name = "GuestFailure";

  /**
   * @param exitCode as timeout(1) would say it, 124: no result in time; 125: anything else
   * @param hasBegun whether the command had begun by then
   */
  constructor(
    message: string,
    readonly exitCode: 124 | 125,
    consoleLog: string,
    readonly hasBegun: boolean,
  ) {
    const tail = consoleLog.trimEnd().split("\n").slice(-CONSOLE_TAIL_LINES).join("\n");
    super(
      tail ? `${message}; the end of its console:\n${tail}` : `${message}; its console is empty`,
    );
  }
}

const CONSOLE_TAIL_LINES = 60;

/** What the kernel prints when it is broken, whether or not it carries on. */
const CRASH = /Kernel panic|Oops\b|\bBUG:|kernel BUG at|soft lockup|hard LOCKUP/;

/**
 * Boots a throw-away VM, runs a command as root in it and returns what came of it.
 *
 * @throws IpftError when setup.sh has not been run or the checkout cannot be packed
 * @throws GuestFailure when the kernel crashes, also after the command ended well, or time is up
 */
export async function runInVm(options: GuestOptions): Promise<GuestResult> {
  try {
    return await bootAndRun(options);
  } catch (error) {
    // One boot in some hundred ends so: on a busy machine an emulated processor runs into code that the
    // kernel is just patching. A second one does not hide anything: no program of ours ran in the first.
    if (!(error instanceof GuestFailure) || error.hasBegun || options.input) throw error;
    console.error(`${error.message}\nbooting ${options.kernel} once more`);
    return await bootAndRun(options);
  }
}

async function bootAndRun(options: GuestOptions): Promise<GuestResult> {
  const { kernel, checkout, timeoutMs } = options;
  const images = join(Deno.env.get("IPFT_CACHE") ?? join(checkout, ".cache"), "vm");
  requireImages(images, kernel);

  using cleanup = new DisposableStack();
  const scratch = Deno.makeTempDirSync({ prefix: "ipft-vm-" });
  cleanup.defer(() => Deno.removeSync(scratch, { recursive: true }));
  disposeOnSignal(cleanup);

  const payload = join(scratch, "payload.ext2");
  const consoleLog = join(scratch, "console.log");
  const contents = join(scratch, "contents");
  Deno.mkdirSync(contents);
  await writePayload(payload, contents, options);

  // An emulated processor may still run an int3 that another one has just replaced, in a function that a
  // probe is being taken off. Linux 6 looks again and goes on, 7.2 ends with "Oops: int3".
  const parallel = kernel !== "7.2";
  const qemu = new Deno.Command("setpriv", {
    // The kernel ends qemu when the runner is gone, even by SIGKILL.
    args: ["--pdeathsig=KILL", "qemu-system-x86_64"].concat(qemuArguments({
      kernelFolder: join(images, "kernels", kernel),
      rootImage: join(images, "root/root.ext2"),
      payload,
      consoleLog,
      cpus: options.cpus ?? 2,
      parallel,
      memoryMiB: options.memoryMiB ?? 2048,
    })),
    stdin: options.input ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  cleanup.defer(() => kill(qemu));
  // A guest that ends before it has read everything is no error.
  options.input?.pipeTo(qemu.stdin).catch(() => {});

  const output = new Output(options.onOutput);
  const outputEnded = output.pump(qemu.stdout);
  const messages = new Messages();
  const messagesEnded = messages.pump(qemu.stderr);

  const timer = Promise.withResolvers<"hung">();
  const timerId = setTimeout(() => timer.resolve("hung"), timeoutMs);
  cleanup.defer(() => clearTimeout(timerId));
  const outcome = await Promise.race([
    messages.report.then(async (report) => {
      await output.reached(report.outputLength);
      return report;
    }),
    // What onOutput throws comes out here.
    Promise.all([qemu.status, outputEnded]).then(() => "stopped" as const),
    timer.promise,
  ]);
  kill(qemu);
  await Promise.all([qemu.status, outputEnded, messagesEnded]);

  const log = readConsole(consoleLog);
  const crash = log.split("\n").find((line) => CRASH.test(line));
  const failure = (message: string, exitCode: 124 | 125) =>
    new GuestFailure(message, exitCode, log, messages.hasBegun);
  if (crash !== undefined) throw failure(`the guest's kernel crashed: ${crash}`, 125);
  if (outcome === "hung") {
    throw failure(`the guest hung: no result within ${timeoutMs / 1000} s`, 124);
  }
  if (outcome === "stopped") {
    throw failure(`the VM stopped without a result: ${messages.text}`, 125);
  }
  return { output: await output.text(), exitCode: outcome.exitCode };
}

function requireImages(images: string, kernel: Kernel): void {
  // setup.sh writes a part's key last.
  for (const part of [`kernels/${kernel}`, "root"]) {
    try {
      Deno.statSync(join(images, part, "key"));
    } catch {
      throw new IpftError(
        `the VM for kernel ${kernel} is not set up (no ${join(images, part)})`,
        `run tests/vm/setup.sh ${kernel}`,
      );
    }
  }
}

/** Of the guests that are running: a signal has to end all of them before it ends the program. */
const cleanups = new Set<DisposableStack>();

/** Disposes on the signals that end a program, and ends it. */
function disposeOnSignal(cleanup: DisposableStack): void {
  cleanups.add(cleanup);
  cleanup.defer(() => cleanups.delete(cleanup));
  for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    const end = () => {
      for (const each of cleanups) each.dispose();
      Deno.exit(exitCode);
    };
    Deno.addSignalListener(signal, end);
    cleanup.defer(() => Deno.removeSignalListener(signal, end));
  }
}

function kill(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError)) throw error;
  }
}

function readConsole(path: string): string {
  try {
    return Deno.readTextFileSync(path).replaceAll("\r", "");
  } catch (error) {
    // qemu ended before it had made the file.
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
