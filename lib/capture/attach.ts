import { errnoText, IpftError } from "../base/errors.ts";
import { type Attachment, type AttachObserver, sumIfAllKnown } from "../bpf/attach/attachment.ts";
import type { Programs } from "../bpf/programs.ts";
import { raiseFileLimit } from "../ffi/libc.ts";
import type { TracePlan } from "./plan.ts";

/** Open files besides those of the attachment: Deno's own, maps, outputs. */
const OTHER_FILES = 1024;

/**
 * Attaches loaded programs to the functions of a plan, and probes to whatever they are for.
 * @param setRlimit whether to raise the limit on open files
 * @throws IpftError when the kernel refuses all functions or a probe; what `observer` rejects with
 */
export async function attach(
  { backend, method, functions, capabilities }: TracePlan,
  programs: Programs,
  observer: AttachObserver,
  setRlimit = true,
): Promise<Attachment> {
  // A backend that attaches one by one needs a program and a link for each entry, and for each return.
  if (setRlimit) raiseFileLimit(OTHER_FILES + 4 * functions.length);
  const ringsInserted = programs.insertRings();
  using attached = new DisposableStack();
  const probes = attached.use(await programs.attachProbes());
  const attachment = attached.use(
    await method.attach({
      programs,
      functions,
      indexes: Array.from(functions.keys()),
      capabilities,
      observer,
    }),
  );
  const { refused } = attachment;
  const ringsResult = await ringsInserted;
  if (ringsResult < 0) throw new Error(`ipft_rings: ${errnoText(ringsResult)}`);
  if (refused.length === functions.length) {
    throw new IpftError(
      `the kernel refused to attach ${backend.name} to any function: ${refused[0].reason}`,
      "try another --backend (see: ipft doctor)",
    );
  }
  const kept = attached.move();
  return {
    refused,
    missed: () => sumIfAllKnown([attachment.missed(), probes.missed()]),
    [Symbol.dispose]: () => kept.dispose(),
  };
}
