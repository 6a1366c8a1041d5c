import { join } from "node:path";
import { IpftError } from "../../lib/base/errors.ts";
import { Messages, Output } from "./channels.ts";
import { writePayload } from "./payload.ts";
import { qemuArguments } from "./qemu.ts";

/** The kernels that setup.sh fetches. */
export const KERNELS = ["6.12", "6.1", "5.10", "7.2"] as const;

/** The name of a kernel that setup.sh fetches. */
export type Kernel = typeof KERNELS[number];

/** What to run in which guest. */
export interface GuestOptions {
  kernel: Kernel;
  /** The program to run and its arguments; no shell interprets them. */
  command: readonly string[];
  /** The directory that the guest gets as `/ipft`, the command's working directory. */
  checkout: string;
  /** The Deno binary that the guest gets as `/usr/local/bin/deno`. */
  deno: string;
  /** Directories whose contents the guest gets in `/mnt/extras`; none by default. */
  extras?: readonly string[];
  /** Limit for the time from the start of the VM to the end of the command. */
  timeoutMs: number;
  /** Number of processors; 2 by default. */
  cpus?: number;
  /** Memory of the guest; 2048 by default. */
  memoryMiB?: number;
  /** The command's stdin; empty by default. */
  input?: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Called with the command's stdout and stderr as they arrive. */
  onOutput?: (bytes: Uint8Array) => void;
}

/** How a command ended in its guest. */
export interface GuestResult {
  /** Its stdout and stderr. */
  output: string;
  /** Its exit status, or 128 plus the number of the signal that ended it. */
  exitCode: number;
}

/** A guest that gave no result: its kernel crashed, or it hung. The message ends with its console. */
export class GuestFailure extends Error {
  override readonly name = "GuestFailure";

  /**
   * @param exitCode 124, as of timeout(1), when there was no result in time; 125 for anything else
   * @param hasBegun whether the guest had begun to run the command
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

/** Matches what a broken kernel prints, whether or not it carries on. */
const CRASH = /Kernel panic|Oops\b|\bBUG:|kernel BUG at|soft lockup|hard LOCKUP/;

/**
 * Boots a throw-away VM and runs a command in it as root.
 *
 * @throws IpftError when setup.sh has not been run or the checkout cannot be packed
 * @throws GuestFailure when the kernel crashes, even after the command succeeded, or time is up
 */
export async function runInVm(options: GuestOptions): Promise<GuestResult> {
  try {
    return await bootAndRun(options);
  } catch (error) {
    // About one boot in a hundred fails: on a busy machine an emulated processor runs into code that the
    // kernel is just patching. A second boot hides nothing, because no program of ours ran in the first.
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

  // While a probe is removed from a function, an emulated processor may still run the int3 that another
  // one has just replaced. Linux 6 looks again and goes on; 7.2 dies with "Oops: int3".
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
  // It is no error when a guest ends before it has read everything.
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
    // Rejects with what onOutput throws.
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
  // setup.sh writes the key of a part last.
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

/** The cleanups of all running guests: a signal ends all guests before it ends the program. */
const cleanups = new Set<DisposableStack>();

/** Ends the program, after disposing of all guests, on the signals that end a program. */
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
    // It had already ended.
    if (!(error instanceof TypeError)) throw error;
  }
}

function readConsole(path: string): string {
  try {
    return Deno.readTextFileSync(path).replaceAll("\r", "");
  } catch (error) {
    // qemu ended before it made the file.
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
