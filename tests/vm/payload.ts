import { join } from "node:path";
import { IpftError } from "../../lib/base/errors.ts";

/** What to pack for a guest. */
export interface PayloadContents {
  /** A directory in a git work tree. */
  checkout: string;
  /** The path of the Deno binary. */
  deno: string;
  /** The program to run and its arguments. */
  command: readonly string[];
  /** Directories whose contents to pack as well, all into one; none by default. */
  extras?: readonly string[];
}

/**
 * Makes the disk that the guest mounts on `/mnt`: the checkout (`ipft/`), the Deno binary, the
 * guest's init, the command and, where there are any, the extras (`extras/`).
 *
 * Making and mounting an ext2 disk takes half the time that a guest needs to unpack an archive.
 *
 * @param image the file to make
 * @param scratch an existing empty directory for temporary files
 * @throws IpftError when `checkout` is not a git work tree or a file cannot be read
 */
export async function writePayload(
  image: string,
  scratch: string,
  { checkout, deno, command, extras }: PayloadContents,
): Promise<void> {
  await Deno.copyFile(deno, join(scratch, "deno"));
  await Deno.copyFile(join(import.meta.dirname!, "guest.sh"), join(scratch, "guest.sh"));
  await Deno.writeTextFile(
    join(scratch, "command"),
    command.map((argument) => argument + "\0").join(""),
  );
  await Deno.mkdir(join(scratch, "ipft"));
  await run("cp", [
    "--recursive",
    "--no-dereference",
    "--preserve=mode,timestamps",
    "--parents",
    `--target-directory=${join(scratch, "ipft")}`,
    "--",
    ...await checkoutFiles(checkout),
  ], checkout);
  if (extras !== undefined) {
    const contents = extras.map((folder) => `${folder}/.`);
    await Deno.mkdir(join(scratch, "extras"));
    await run("cp", ["--archive", "--", ...contents, join(scratch, "extras")], ".");
  }

  // The file stays sparse. The room is for what the command writes to /ipft.
  await Deno.writeFile(image, new Uint8Array());
  await Deno.truncate(image, IMAGE_SIZE_BYTES);
  await run(
    "mke2fs",
    ["-q", "-t", "ext2", "-b", "4096", "-m", "0", "-d", scratch, image],
    checkout,
  );
}

const IMAGE_SIZE_BYTES = 2 ** 31;

/** Lists the files that git tracks or would track, and those that are built or installed. */
async function checkoutFiles(checkout: string): Promise<string[]> {
  const list = async (...options: string[]) => {
    // The runner may be root in another user's checkout.
    const command = ["-c", "safe.directory=*", "ls-files", "-z", "--exclude-standard"];
    const names = await run("git", [...command, ...options], checkout);
    return names.split("\0").filter(Boolean);
  };
  const [sources, built] = await Promise.all([
    list("--cached", "--others", "--deduplicate"),
    list("--others", "--ignored", "--", "*.bpf.o", "lib/ffi/native", "ipft"),
  ]);
  // git also lists files that are gone from the work tree but still in the index.
  return [...sources, ...built, "node_modules"].filter((name) => exists(join(checkout, name)));
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs a program in a directory and returns its stdout. */
async function run(program: string, args: string[], cwd: string): Promise<string> {
  // mke2fs is in a directory that Debian leaves out of ordinary users' PATH.
  const env = { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` };
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, env }).output();
  const text = new TextDecoder();
  if (!success) {
    throw new IpftError(`cannot pack the checkout for the VM: ${program}: ${text.decode(stderr)}`);
  }
  return text.decode(stdout);
}
