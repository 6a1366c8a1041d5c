import { usageError } from "../base/errors.ts";
import { deviceName } from "../ffi/network.ts";
import { findCgroup } from "../kernel/cgroup.ts";
import { NetworkNamespace } from "../kernel/network_namespace.ts";
import { checkProcess } from "../kernel/process_sockets.ts";
import { IFNAME_BYTES } from "./conditions.ts";
import type { Expressions } from "./expression_program.ts";
import type { FilterRequest } from "./filter_request.ts";
import type { PacketFilter } from "./packet_filter.ts";

/** A filter, and what must stay as it is for as long as the filter is used. */
export interface OpenFilter extends Disposable {
  readonly filter: PacketFilter;
}

/** A request whose expressions have been compiled. */
export type CompiledRequest = Omit<FilterRequest, keyof Expressions> & Expressions;

/**
 * Looks up what the user has named: namespaces, devices, cgroups, processes.
 * @param tell told of a device that there is not yet: the trace waits for it
 * @throws IpftError wrong usage: one of them does not exist, or no packet can meet all conditions
 */
export function openFilter(
  { mark, expression, inner, netns, ifname, cgroup, process }: CompiledRequest,
  tell: (message: string) => void,
): OpenFilter {
  using stack = new DisposableStack();
  const wanted = ifname === undefined ? undefined : parseDevice(ifname);
  const namespace = netns === undefined
    ? undefined
    : stack.use(new NetworkNamespace(netns, "--netns"));
  const ofDevice = wanted?.netns === undefined
    ? namespace
    : stack.use(new NetworkNamespace(wanted.netns, "--ifname"));
  if (namespace && ofDevice && namespace.inode !== ofDevice.inode) {
    throw usageError(
      `--netns '${netns}' and --ifname '${ifname}' are two namespaces`,
      "give one: no packet is in both",
    );
  }
  if (process !== undefined) checkProcess(process);
  const filter: PacketFilter = {
    mark,
    expression,
    inner,
    netns: ofDevice?.inode,
    ifname: wanted && currentName(wanted.name, ifname!, ofDevice?.fd, tell),
    cgroup: cgroup === undefined ? undefined : findCgroup(cgroup, "--cgroup"),
    process,
  };
  const held = stack.move();
  return { filter, [Symbol.dispose]: () => held[Symbol.dispose]() };
}

/**
 * Splits `IF` or `IF@NS`.
 * @throws IpftError wrong usage: no device can have this name
 */
function parseDevice(text: string): { name: string; netns?: string } {
  const [, name, netns] = /^([^@]*)(?:@(.*))?$/s.exec(text)!;
  const bytes = new TextEncoder().encode(name).length;
  // dev_valid_name() of net/core/dev.c
  if (/^\.{0,2}$|[\s/:]/.test(name) || netns === "") {
    throw usageError(`--ifname '${text}' is not the name of an interface`, "give IF or IF@NS");
  }
  if (bytes < IFNAME_BYTES) return { name, netns };
  throw usageError(
    `--ifname '${text}': the name is longer than ${IFNAME_BYTES - 1} bytes`,
    "give the name that ip link shows first",
  );
}

/** Returns the name that the kernel compares: that of the device, if `name` is an alternative one. */
function currentName(
  name: string,
  asGiven: string,
  namespace: number | undefined,
  tell: (message: string) => void,
): string {
  const found = deviceName(name, namespace);
  if (found === undefined && namespace !== undefined) {
    tell(`no interface ${asGiven} yet: waiting for it`);
  } else if (found === undefined) {
    tell(`no interface ${name} here yet: waiting for it, here and in other namespaces`);
  }
  // Without the right to enter the namespace, nobody knows what is there.
  return typeof found === "string" ? found : name;
}
