/** A self-extracting executable whose Deno is a shell, for tests of package/launcher.sh. */
import assert from "node:assert/strict";

const PACK = new URL("../../../package/pack.sh", import.meta.url).pathname;
const IS_ROOT = Deno.uid() === 0;

/** Who starts it: root's cache has a fixed place. */
const NOBODY = 65534;
const AS_NOBODY = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];

/** What the shell that stands for Deno does when it is told to `run`: `$1` after main.js. */
const RUN = `for word; do shift; case $word in */main.js) break ;; esac; done
eval "$1"
`;

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Start {
  /** The environment, as a shell writes it to env(1). */
  readonly env?: string;
  /** Runs before it, in the same shell. */
  readonly before?: string;
  /** Runs as root before that, in a mount namespace of its own. */
  readonly mount?: string;
}

export class Executable implements AsyncDisposable {
  /** Where it is: `ipft`, beside `home` and `cache`. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Executable> {
    const made = new Executable(await Deno.makeTempDir({ prefix: "launcher-" }));
    await Deno.chmod(made.folder, 0o755);
    await Deno.mkdir(`${made.folder}/packed/native`, { recursive: true });
    await Deno.copyFile("/bin/sh", `${made.folder}/packed/deno`);
    await Deno.writeTextFile(`${made.folder}/packed/main.js`, "// as Deno sees it\n");
    await Deno.writeTextFile(`${made.folder}/packed/native/libbpf.so.1`, "library\n");
    await Deno.writeTextFile(`${made.folder}/run`, RUN);
    const { code, stderr } = await new Deno.Command(PACK, {
      args: [`${made.folder}/packed`, `${made.folder}/ipft`, "--allow-read"],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    for (const name of ["home", "cache"]) {
      await Deno.mkdir(`${made.folder}/${name}`);
      if (IS_ROOT) await Deno.chown(`${made.folder}/${name}`, NOBODY, NOBODY);
    }
    return made;
  }

  /** Starts it with a script that runs in place of ipft. Nobody has this user's environment. */
  spawn(script: string, { env = "", before = "", mount }: Start = {}): Deno.ChildProcess {
    const places = `export HOME=${this.folder}/home XDG_CACHE_HOME=${this.folder}/cache`;
    const start = [
      ...(IS_ROOT ? AS_NOBODY : []),
      ...["env", "-i", "PATH=/usr/bin:/bin", "sh", "-c"],
      `${places}\n${before}\nexec env ${env} ./ipft "$0"`,
      script,
    ];
    const [command, ...args] = mount
      ? ["unshare", "-m", "sh", "-ec", `${mount}\nexec "$@"`, "sh", ...start]
      : start;
    return new Deno.Command(command, {
      args,
      cwd: this.folder,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  async start(script: string, options?: Start): Promise<Result> {
    const { code, stdout, stderr } = await this.spawn(script, options).output();
    const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  }

  /** Starts it, and returns what it prints; fails when it fails or has anything to say. */
  async run(script: string, options?: Start): Promise<string> {
    const { code, stdout, stderr } = await this.start(script, options);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    return stdout;
  }

  /** Starts it, and returns the one line that says why it fails. */
  async failure(options?: Start): Promise<string> {
    const { code, stdout, stderr } = await this.start("echo ran", options);
    assert.notEqual(code, 0);
    assert.equal(stdout, "");
    assert.match(stderr, /^ipft: .*\n$/);
    return stderr;
  }

  /** What is in its cache. */
  get cached(): string[] {
    return Array.from(Deno.readDirSync(`${this.folder}/cache/ipft`), ({ name }) => name).sort();
  }

  /** The folder that it was unpacked into. */
  get unpacked(): string {
    const [name] = this.cached.filter((name) => /^[0-9a-f]{64}$/.test(name));
    return `${this.folder}/cache/ipft/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
