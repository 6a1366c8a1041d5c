import { errnoText, IpftError } from "../base/errors.ts";
import type { Attachment, AttachObserver } from "../bpf/attach/attachment.ts";
import type { Programs } from "../bpf/programs.ts";
import { raiseFileLimit } from "../ffi/libc.ts";
import type { TracePlan } from "./plan.ts";

/** Files besides those of the attachment: Deno's own, maps, output. */
const OTHER_FILES = 1024;

/**
 * Attaches loaded programs to the functions of their plan.
 * @param setRlimit whether the limit on open files may be raised
 * @throws IpftError when the kernel refuses them all; what `observer` rejects with
 */
export async function attach(
  { backend, method, functions, capabilities }: TracePlan,
  programs: Programs,
  observer: AttachObserver,
  setRlimit = true,
): Promise<Attachment> {
  // One by one, a function takes up to four files: a program and a link, for entry and return.
  if (setRlimit) raiseFileLimit(OTHER_FILES + 4 * functions.length);
  const ringsInserted = programs.insertRings();
  const attachment = await method.attach({ programs, functions, capabilities, observer });
  const { refused } = attachment;
  const ringsResult = await ringsInserted;
  if (ringsResult === 0 && refused.length < functions.length) return attachment;
  attachment[Symbol.dispose]();
  if (ringsResult < 0) throw new Error(`ipft_rings: ${errnoText(ringsResult)}`);
  throw new IpftError(
    `the kernel refused to attach ${backend.name} to any function: ${refused[0].reason}`,
    "try another --backend (see: ipft doctor)",
  );
}
