/** Kernel modules that come with a test's traffic, and go with it: other tests load some of them themselves. */
import { run } from "./ipft.ts";

/** A module that is loaded, and by how many others and devices it is used: proc_modules(5). */
interface LoadedModule {
  readonly name: string;
  readonly users: number;
}

async function loaded(): Promise<LoadedModule[]> {
  const lines = (await Deno.readTextFile("/proc/modules")).trimEnd().split("\n");
  return lines.map((line) => {
    const [name, , users] = line.split(" ");
    return { name, users: Number(users) };
  });
}

/** Remembers which modules are loaded. Disposing removes those that have been loaded since, as far as they are unused. */
export async function keepModules(): Promise<AsyncDisposable> {
  const before = new Set((await loaded()).map(({ name }) => name));
  return {
    [Symbol.asyncDispose]: async () => {
      // Namespaces are taken apart after they are deleted. And what is gone may have been a user of another.
      const deadline = performance.now() + 5_000;
      for (;;) {
        const since = (await loaded()).filter(({ name }) => !before.has(name));
        if (since.length === 0 || performance.now() > deadline) return;
        for (const { name, users } of since) if (users === 0) await run("rmmod", name);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}
