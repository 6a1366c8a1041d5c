/** `ipft`: a trace from its options to its summary. */
import { errorText, IpftError } from "../base/errors.ts";
import { plural } from "../base/plural.ts";
import type { ExtensionObject, LinkExtension } from "../bpf/extension_object.ts";
import { followSockets } from "../bpf/probes/follow_sockets.ts";
import { markSockets } from "../bpf/probes/mark_sockets.ts";
import type { Probe } from "../bpf/probes/probe.ts";
import { type FindVerdicts, LiveSource } from "../capture/live_source.ts";
import { functionFilter } from "../cli/patterns.ts";
import type { ProbeServerAddress, TraceOptions } from "../cli/request.ts";
import type { FieldReader, OpenFields } from "../event/fields.ts";
import { LINEAGE } from "../event/lineage.ts";
import { DATA } from "../event/section.ts";
import { type Extension, loadExtension } from "../extension/extension.ts";
import { compileExpression } from "../ffi/libpcap.ts";
import { type Expressions, requirePacketsOnly } from "../filter/expression_program.ts";
import type { FilterRequest } from "../filter/filter_request.ts";
import { openFilter } from "../filter/open_filter.ts";
import type { FunctionFilter } from "../kernel/functions.ts";
import { requireRoot } from "../kernel/inspect.ts";
import { scriptOutput } from "../lua/script_output.ts";
import { HeldMemory } from "../output/held_memory.ts";
import { Outputs } from "../output/outputs.ts";
import { AttachBars } from "../terminal/attach_bars.ts";
import type { CommandCgroup } from "./command_cgroup.ts";
import { runSession } from "./session.ts";
import { stopSignal, unlessStopped } from "./stop_signal.ts";
import { tellAttached, tellModule } from "./tell_attached.ts";
import { TraceEnd } from "./trace_end.ts";

/** Takes everything but results: progress, warnings, the summary. */
type Tell = (message: string) => void;

/**
 * Traces until a signal, the end that the options name, or until nobody reads the results any more. When
 * it returns, all that was captured is written and nothing is left in the kernel.
 *
 * @throws IpftError when the trace cannot start, its output cannot be written, or the extension fails
 *   elsewhere than in an event
 */
export async function trace(options: TraceOptions, tell: Tell): Promise<void> {
  if (options.probeServer === undefined) Deno.permissions.revokeSync({ name: "net" });
  // Until here a signal ends ipft at once: to compile a long expression takes seconds.
  const expressions = compile(options.filter);
  const signal = stopSignal();
  const functions = await functionFilter(options.functions);
  const inputs = options.extension === undefined ? [] : [options.extension.path];
  using outputs = await Outputs.open(options.outputs, inputs, signal);
  if (options.extension === undefined) {
    return await traceEvents(options, expressions, functions, undefined, outputs, signal, tell);
  }
  const output = scriptOutput(!outputs.isStdoutForPeople);
  using extension = await loadExtension(options.extension, output, tell, signal);
  await takeTurn(signal, () => {}); // to compile takes a while, and there is nothing to detach
  const body = () => traceEvents(options, expressions, functions, extension, outputs, signal, tell);
  await extension.run(body, (error) => tell(errorText(error)));
}

/** The trace without the extension's own beginning and end. */
async function traceEvents(
  options: TraceOptions,
  { expression, inner }: Expressions,
  functions: FunctionFilter,
  extension: Extension | undefined,
  outputs: Outputs,
  signal: AbortSignal,
  tell: Tell,
): Promise<void> {
  const object = extension?.object();
  using memory = new HeldMemory(options.memoryBytes, options.tmp, tell);
  requireRoot();
  using cgroup = await openCommandCgroup(options);
  using packets = openFilter({ ...filterRequest(options, cgroup), expression, inner }, tell);
  const loading = LiveSource.load({
    ...options,
    functions,
    filter: packets.filter,
    sections: [
      ...(object === undefined ? [] : [DATA]),
      ...(options.follow === undefined ? [] : [LINEAGE]),
      ...options.sections,
    ],
    probes: probesFor(options, cgroup, tell),
    findVerdicts: options.programs ? await verdictFinder(tell) : undefined,
    extension: object && await linkerFor(object),
    outputFds: outputs.fds,
    warn: tell,
    onLog: options.verbose ? tell : undefined,
  });
  using source = await unlessStopped(loading, signal);
  const opening = Promise.resolve(extension?.openFields((error) => tell(errorText(error))));
  const fields = new Fields(await unlessStopped(opening, signal));
  const sinks = outputs.openSinks({ header: source.header, openFields: fields.open }, memory);
  await attach(source, options, signal, tell);

  outputs.begin();
  source.start();
  using _probeServer = await openProbeServer(options.probeServer);
  await runSession({
    source,
    sinks,
    outputFds: outputs.fds,
    packets: options.packets,
    showsProgress: options.command === undefined && extension === undefined && outputs.isQuiet,
    unformatted: () => fields.failures,
    notKept: () => memory.notKept,
    begin: (tell) => {
      memory.tell = tell;
      source.onModule = (report) => tellModule(report, source, options.verbose, tell);
      return new TraceEnd(signal, options, cgroup?.processesPath, tell);
    },
    tell,
  });
  if (source.plan.backend.isOneByOne) tell("Detaching…");
}

/** The readers of an extension's fields, one for each output that shows them. */
class Fields {
  readonly open?: OpenFields;
  readonly #readers: FieldReader[] = [];

  constructor(open: OpenFields | undefined) {
    this.open = open && ((writer) => {
      const reader = open(writer);
      this.#readers.push(reader);
      return reader;
    });
  }

  /** For how many events the extension has failed. */
  get failures(): number {
    return Math.max(0, ...this.#readers.map(({ failures }) => failures));
  }
}

/** Attaches the programs, and says how far it has come and what is not traced though it was asked for. */
async function attach(
  source: LiveSource,
  { verbose, setRlimit }: TraceOptions,
  signal: AbortSignal,
  tell: Tell,
): Promise<void> {
  const { functions, backend } = source.plan;
  if (backend.isOneByOne) tell(`Attaching to ${plural(functions.length, "function")} one by one…`);
  using bars = new AttachBars(functions.length, () =>
    takeTurn(signal, (message) => {
      bars.clear();
      tell(message);
    }));
  const refused = await source.attach(bars, setRlimit);
  bars.clear();
  tellAttached(source.plan, refused, verbose, tell);
  await takeTurn(signal, tell);
}

function compile({ expression, inner }: FilterRequest): Expressions {
  const compiled = (text: string | undefined, option?: "--inner") => {
    const program = text === undefined ? undefined : compileExpression(text, option);
    if (program) requirePacketsOnly(program, option);
    return program;
  };
  return { expression: compiled(expression), inner: compiled(inner, "--inner") };
}

/** Imported only where it is wanted. */
async function openProbeServer(
  address: ProbeServerAddress | undefined,
): Promise<Disposable | undefined> {
  if (address === undefined) return undefined;
  const { ProbeServer } = await import("./probe_server.ts");
  return new ProbeServer(address);
}

/** Imported only where it is wanted. */
async function openCommandCgroup({ sockets }: TraceOptions): Promise<CommandCgroup | undefined> {
  if (sockets === undefined) return undefined;
  const { CommandCgroup } = await import("./command_cgroup.ts");
  return new CommandCgroup();
}

/** @param cgroup that of the command */
function filterRequest(
  { filter, sockets }: TraceOptions,
  cgroup: CommandCgroup | undefined,
): FilterRequest {
  return sockets === "follow" ? { ...filter, cgroup: cgroup?.path } : filter;
}

/** @param cgroup that of the command */
function probesFor(
  { filter: { mark, process }, sockets }: TraceOptions,
  cgroup: CommandCgroup | undefined,
  tell: Tell,
): Probe[] {
  const probes: Probe[] = [];
  if (cgroup && sockets === "mark" && mark) probes.push(markSockets(cgroup.path, mark.value));
  if (process) probes.push(followSockets(process, tell));
  return probes;
}

/** Imported only where it is wanted. */
async function verdictFinder(tell: Tell): Promise<FindVerdicts> {
  const { Verdicts } = await import("../bpf/probes/verdicts.ts");
  return (kernel, room) => new Verdicts(kernel, room, tell);
}

async function linkerFor(object: ExtensionObject): Promise<LinkExtension> {
  const { extensionLinker } = await import("../extension/link.ts");
  return extensionLinker(object);
}

/** Lets signals be noticed; before the trace is ready, one ends everything. */
async function takeTurn(signal: AbortSignal, tell: Tell): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  if (!signal.aborted) return;
  tell("Detaching…");
  throw new IpftError("interrupted before the trace was ready");
}
