/** A trace from its options to its summary: extension -> plan -> load -> attach -> drain -> sink -> summary. */
import { attach } from "../capture/attach.ts";
import { AttachBars } from "../terminal/attach_bars.ts";
import type { Attachment } from "../bpf/attach/attachment.ts";
import { Programs } from "../bpf/programs.ts";
import { RingReader } from "../bpf/ring_reader.ts";
import { Rings } from "../bpf/rings.ts";
import { drain } from "../capture/drain.ts";
import { errorText, IpftError } from "../base/errors.ts";
import { type Extension, loadExtension } from "../extension/extension.ts";
import { isReaderGone, monotonicNs } from "../ffi/libc.ts";
import { inspectKernel } from "../kernel/inspect.ts";
import type { ExtensionObject, LinkExtension } from "../bpf/extension_object.ts";
import { markSockets } from "../bpf/probes/mark_sockets.ts";
import type { ProbeServerAddress, TraceOptions } from "../cli/options.ts";
import { AggregateSink } from "../output/aggregate/aggregate.ts";
import { type Destination, openDestination } from "../output/destination.ts";
import { GraphSink } from "../output/aggregate/graph.ts";
import { JsonSink } from "../output/json.ts";
import { endsPacket } from "../analysis/packet_end.ts";
import type { Sink, TraceInfo, WriteBytes } from "../output/sink.ts";
import { OutputClosed } from "../output/stdout.ts";
import { StreamSink } from "../output/stream.ts";
import { COLOURED, PLAIN } from "../output/text/style.ts";
import { planTrace, type TracePlan } from "../capture/plan.ts";
import { stopSignal } from "./stop_signal.ts";
import { LossReport, progressText, summarize } from "../terminal/summary.ts";
import { TerminalLine } from "../terminal/terminal_line.ts";
import { TraceCount } from "../analysis/trace_count.ts";
import { TraceEnd } from "./trace_end.ts";

/** Takes everything but results: progress, warnings, the summary. */
export type Tell = (message: string) => void;

/**
 * Traces until a signal, the end that the options name, or until nobody reads standard output any more.
 * When it returns, all that was captured is written and nothing is left in the kernel.
 *
 * @throws IpftError when the trace cannot start, its output cannot be written, or the extension fails
 *   elsewhere than in an event
 */
export async function trace(options: TraceOptions, tell: Tell): Promise<void> {
  if (options.probeServer === undefined) Deno.permissions.revokeSync({ name: "net" });
  const signal = stopSignal();
  using destination = await openDestination(options.outputPath);
  const { extension: file, output, outputPath } = options;
  if (file === undefined) {
    return await traceEvents(options, undefined, destination, signal, tell);
  }
  const isJsonOnStdout = output === "json" && outputPath === undefined;
  using extension = await loadExtension(file, isJsonOnStdout, tell);
  await takeTurn(signal, () => {}); // to compile takes a while, and there is nothing to detach
  const body = () => traceEvents(options, extension, destination, signal, tell);
  await extension.run(body, (error) => tell(errorText(error)));
}

/** The trace without the extension's own beginning and end. */
async function traceEvents(
  options: TraceOptions,
  extension: Extension | undefined,
  destination: Destination,
  signal: AbortSignal,
  tell: Tell,
): Promise<void> {
  const image = extension?.module();
  const linkExtension = image && await openLink(image);
  const format = options.output === "json" ? "json" : "text";
  const dataFormatter = await extension?.formatter(format, (error) => tell(errorText(error)));

  using cgroup = await openMarkedCgroup(options);
  const ringsMade = Rings.make(options.bufferSizeBytes);
  ringsMade.catch(() => {}); // what is wrong with the kernel is told first
  const plan = planTrace(await inspectKernel(tell), { ...options, functions: options.filter });
  using rings = await ringsMade;
  const onLog = options.verbose ? tell : undefined;
  using tracer = Programs.load({
    ...plan,
    filter: { mark: { value: options.mark, mask: options.mask } },
    probes: cgroup && [markSockets(cgroup.path, options.mark)],
    rings,
    extension: linkExtension,
    onLog,
  });
  if (plan.backend.isOneByOne) {
    tell(`Attaching to ${plan.functions.length} functions one by one…`);
  }
  const tellBelowBars = (message: string) => {
    bars.clear();
    tell(message);
  };
  using bars = new AttachBars(plan.functions.length, () => takeTurn(signal, tellBelowBars));
  using attachment = await attach(plan, tracer, bars, options.setRlimit);
  bars.clear();
  tellAttached(plan, attachment, options.verbose, tell);
  await takeTurn(signal, tell);

  const info: TraceInfo = {
    tracer: options.tracer,
    functions: plan.functions,
    originNs: monotonicNs(),
    style: destination.isTerminal && !isColourless() ? COLOURED : PLAIN,
    dataFormatter,
  };
  const sink = createSink(options, info, destination.write);
  using reader = new RingReader(rings, info.originNs);
  using line = new TerminalLine();
  const tellAbove = (message: string) => {
    line.clear();
    tell(message);
  };
  const loss = new LossReport(tracer, tellAbove);
  const isLast = plan.functions.map(({ name }) => endsPacket(name));
  const count = new TraceCount(isLast, options.packets);
  const isQuiet = nothingElseIsShown(options, destination);
  const onTurn = () => {
    loss.update();
    if (isQuiet) line.show(() => progressText(count, tracer.counters()));
    if (count.isComplete) end.reach();
    if (isReaderGone(destination.fd)) throw new OutputClosed();
  };
  tracer.start();
  using _probeServer = await openProbeServer(options.probeServer);
  tell("Trace ready!");
  const begin = performance.now();
  await using end = new TraceEnd(signal, options, cgroup?.processesPath, tellAbove);
  try {
    const delivered = await drain({
      tracer,
      reader,
      sink,
      signal: end.signal,
      outputFd: destination.fd,
      withData: linkExtension !== undefined,
      count,
      onTurn,
    });
    line.clear();
    await sink.finish();
    const seconds = (performance.now() - begin) / 1000;
    tell(summarize({
      delivered,
      count,
      counters: tracer.counters(),
      missed: attachment.missed(),
      unformatted: dataFormatter?.failures ?? 0,
      seconds,
    }));
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
  if (plan.backend.isOneByOne) tell("Detaching…");
}

/** https://no-color.org, and terminals that know no escapes. */
function isColourless(): boolean {
  return Deno.noColor || Deno.env.get("TERM") === "dumb";
}

/** Whether a terminal is free for a line that changes: nobody else writes there while tracing. */
function nothingElseIsShown(
  { command, extension, output }: TraceOptions,
  { isTerminal }: Destination,
): boolean {
  return command === undefined && extension === undefined &&
    (output === "aggregate" || !isTerminal);
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
async function openMarkedCgroup({ markCommand }: TraceOptions) {
  if (!markCommand) return undefined;
  const { MarkedCgroup } = await import("../bpf/probes/marked_cgroup.ts");
  return new MarkedCgroup();
}

async function openLink(object: ExtensionObject): Promise<LinkExtension> {
  const { linkExtension } = await import("../extension/link.ts");
  return linkExtension(object);
}

/** Lets signals be noticed; before the trace is ready, one ends everything. */
async function takeTurn(signal: AbortSignal, tell: Tell): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  if (!signal.aborted) return;
  tell("Detaching…");
  throw new IpftError("interrupted before the trace was ready");
}

/** Says what is traced, and what is not though it was asked for. */
function tellAttached(
  { functions, backend, unreachable }: TracePlan,
  { refused }: Attachment,
  verbose: boolean,
  tell: Tell,
): void {
  tell(`Attached to ${functions.length - refused.length} functions with ${backend.name}.`);
  if (unreachable > 0) {
    tell(
      `Not traced, because ${backend.name} cannot find them by their name: ${unreachable} functions`,
    );
  }
  if (refused.length === 0) return;
  const shown = (verbose ? refused : refused.slice(0, 3))
    .map(({ functionIndex, reason }) => `${functions[functionIndex].name}: ${reason}`);
  const rest = refused.length - shown.length;
  if (rest > 0) shown.push(`and ${rest} more (-v lists them)`);
  tell(`Not traced, because the kernel refused: ${shown.join(", ")}`);
}

function createSink({ output, tracer }: TraceOptions, info: TraceInfo, write: WriteBytes): Sink {
  switch (output) {
    case "aggregate":
      return tracer === "function_graph"
        ? new GraphSink(info, write)
        : new AggregateSink(info, write);
    case "stream":
      return new StreamSink(info, write);
    case "json":
      return new JsonSink(info, write);
  }
}
