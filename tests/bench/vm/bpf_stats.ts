/** Reads the statistics that the kernel keeps of BPF programs with `kernel.bpf_stats_enabled`. */
import { shell } from "./shell.ts";

/** How often programs ran, and how long that took in total. */
export interface Runs {
  readonly count: number;
  readonly timeNs: number;
}

interface ProgramInfo {
  id: number;
  run_time_ns?: number;
  run_cnt?: number;
}

async function bpfPrograms(): Promise<ProgramInfo[]> {
  return JSON.parse(await shell("bpftool --json prog show"));
}

/** Returns the ids of all loaded programs. */
export async function bpfProgramIds(): Promise<Set<number>> {
  return new Set((await bpfPrograms()).map(({ id }) => id));
}

/** The programs of one tool. */
export class BpfStats {
  constructor(readonly ids: ReadonlySet<number>) {}

  /** Returns the total runs of these programs while `body` runs. */
  async during(body: () => Promise<unknown>): Promise<Runs> {
    return (await runsDuring([this], body))[0];
  }
}

/** Returns the runs of each tool's programs while `body` runs. The kernel counts during that time only. */
export async function runsDuring(
  tools: readonly BpfStats[],
  body: () => Promise<unknown>,
): Promise<Runs[]> {
  const before = await bpfPrograms();
  enableStats(true);
  try {
    await body();
  } finally {
    enableStats(false);
  }
  const after = await bpfPrograms();
  return tools.map(({ ids }) => {
    const [then, now] = [before, after].map((programs) => sum(programs, ids));
    return { count: now.count - then.count, timeNs: now.timeNs - then.timeNs };
  });
}

function sum(programs: readonly ProgramInfo[], ids: ReadonlySet<number>): Runs {
  const counted = programs.filter(({ id }) => ids.has(id));
  return {
    count: counted.reduce((sum, { run_cnt }) => sum + (run_cnt ?? 0), 0),
    timeNs: counted.reduce((sum, { run_time_ns }) => sum + (run_time_ns ?? 0), 0),
  };
}

function enableStats(enable: boolean): void {
  Deno.writeTextFileSync("/proc/sys/kernel/bpf_stats_enabled", enable ? "1" : "0");
}
