import { Uevents } from "../ffi/uevents.ts";

/** Notices modules that are loaded. That costs nothing while none is. */
export class ModuleWatch implements Disposable {
  readonly #uevents = new Uevents();

  /** Readable when something may have happened; none without the right to ask. */
  get fds(): readonly number[] {
    return this.#uevents.fd < 0 ? [] : [this.#uevents.fd];
  }

  /** Returns the names of the modules that were loaded since the last call. */
  loaded(): string[] {
    const modules: string[] = [];
    for (let message; (message = this.#uevents.read()) !== undefined;) {
      const module = loadedModule(message);
      if (module !== undefined) modules.push(module);
    }
    return modules;
  }

  [Symbol.dispose](): void {
    this.#uevents[Symbol.dispose]();
  }
}

/** Returns the name of the module that a message of the kernel says was loaded. */
export function loadedModule(message: string): string | undefined {
  return /^add@\/module\/(\w+)\0/.exec(message)?.[1];
}
