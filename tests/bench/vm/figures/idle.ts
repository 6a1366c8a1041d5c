import type { Plan } from "../../plan.ts";
import { ipftPort, pwruPort } from "./expression.ts";
import { whileTracing } from "../running_tool.ts";
import { median, ratio, rotated, Samples, type Series } from "../../series.ts";
import { empty, ipft, pwru, type Tool } from "../tools.ts";
import { floodPing, OTHER_MARK, VethPair } from "../traffic.ts";

/**
 * Measures how much a tool slows down traffic that it does not look for: the tools look for a mark that no
 * packet has, or for a port. The times for a flood ping and for a byte of iperf3 with the tool attached are compared with
 * the means of those without a tool just before and just after.
 */
export async function measureIdle(plan: Plan): Promise<Series[]> {
  await using veth = await VethPair.make();
  const samples = new Samples();
  let before = await measureTraffic(plan, veth);
  for (let round = 0; round < plan.rounds; round++) {
    for (const tool of rotated(TOOLS, round)) {
      const { result: during } = await whileTracing(
        tool,
        OTHER_MARK,
        () => measureTraffic(plan, veth),
      );
      const after = await measureTraffic(plan, veth);
      samples.add(FLOOD, NO_TOOL, "us", before.pingUs);
      samples.add(RATE, NO_TOOL, "Mbit/s", before.mbitPerSecond);
      const without = {
        pingUs: (before.pingUs + after.pingUs) / 2,
        usPerMbit: (1 / before.mbitPerSecond + 1 / after.mbitPerSecond) / 2,
      };
      const slowed = {
        ping: 100 * (during.pingUs / without.pingUs - 1),
        transfer: 100 * (1 / during.mbitPerSecond / without.usPerMbit - 1),
      };
      samples.add(FLOOD_SLOWED, tool, "%", slowed.ping);
      samples.add(RATE_SLOWED, tool, "%", slowed.transfer);
      console.error(
        `nothing matching: ${tool.name}: a ping ${during.pingUs.toFixed(0)} us ` +
          `(+${slowed.ping.toFixed(0)} %), ${during.mbitPerSecond.toFixed(0)} Mbit/s ` +
          `(+${slowed.transfer.toFixed(0)} %)`,
      );
      before = after;
    }
  }
  return [
    samples.get(FLOOD, NO_TOOL),
    ...comparedSlowness(samples, FLOOD_SLOWED),
    samples.get(RATE, NO_TOOL),
    ...comparedSlowness(samples, RATE_SLOWED),
  ];
}

const FLOOD = "flood ping", RATE = "iperf3";
const FLOOD_SLOWED = "flood ping, nothing matching: slowed by";
const RATE_SLOWED = "iperf3, nothing matching: slowed by";

const TOOLS = [empty, ipft, pwru, ipftPort, pwruPort];

/** The traffic alone, with which the tools are compared. */
const NO_TOOL = { name: "no tool" };

/**
 * Returns the series, and the ratios of ipft's to pwru's. The samples may be close to zero, so their medians
 * are divided, unless noise has made one of them negative.
 */
function comparedSlowness(samples: Samples, figure: string): Series[] {
  const ofMedians = (tool: Tool) => {
    const series = samples.get(figure, tool);
    return { ...series, samples: [median(series.samples) > 0 ? median(series.samples) : NaN] };
  };
  return [
    ...TOOLS.map((tool) => samples.get(figure, tool)),
    ratio(ofMedians(ipft), ofMedians(pwru), { atMost: 0.5 }),
    ratio(ofMedians(ipftPort), ofMedians(pwruPort), { atMost: 0.5 }),
  ];
}

async function measureTraffic(
  { floods, timedPings, timedTransferSeconds }: Plan,
  veth: VethPair,
) {
  const timesMs: number[] = [];
  for (let flood = 0; flood < floods; flood++) timesMs.push(await floodPing(timedPings));
  const { bitsPerSecond } = await veth.transfer(timedTransferSeconds);
  return { pingUs: 1000 * median(timesMs) / timedPings, mbitPerSecond: bitsPerSecond / 1e6 };
}
