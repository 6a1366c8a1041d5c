import type { Plan } from "../../plan.ts";
import { whileTracing } from "../running_tool.ts";
import { rotated, Samples, type Series } from "../../series.ts";
import { ipft, ipftStream, pwru, type Tool } from "../tools.ts";
import { VETH_MARK, VethPair } from "../traffic.ts";

/**
 * Measures the share of events that a tool delivers of one TCP stream of iperf3, all of whose packets are
 * marked. ipft counts the events in the kernel. For the others they are estimated from the runs of their
 * programs (`run_cnt`), times the share of hits among ipft's runs in the same round.
 */
export async function measureTransfer(plan: Plan): Promise<Series[]> {
  await using veth = await VethPair.make();
  return await measureTransfers(veth, ipft, plan.variants ? [ipftStream, pwru] : [pwru], plan);
}

/**
 * Measures other tools in the same way, attached to the same functions.
 * @param first a tool that counts all its hits
 */
export async function measureTransfers(
  veth: VethPair,
  first: Tool,
  others: readonly Tool[],
  { deliveryRounds, deliveredTransferSeconds }: Plan,
): Promise<Series[]> {
  const samples = new Samples();
  for (let round = 0; round < deliveryRounds; round++) {
    let hitsPerRun = NaN;
    // The hits of the others are estimated from the share of the first.
    for (const tool of [first, ...rotated(others, round)]) {
      const { result, account } = await whileTracing(tool, VETH_MARK, async (running) => {
        let rate = NaN;
        const runs = await running.stats.during(async () => {
          rate = (await veth.transfer(deliveredTransferSeconds)).bitsPerSecond;
        });
        await running.settle();
        return { runs, rate };
      });
      const { delivered } = account;
      if (tool === first) hitsPerRun = account.hits! / result.runs.count;
      const hits = account.hits ?? result.runs.count * hitsPerRun;
      samples.add("iperf3: delivered", tool, "%", 100 * delivered / hits);
      samples.add("iperf3: events that happened", tool, "", hits);
      samples.add("iperf3: rate, all matching", tool, "Mbit/s", result.rate / 1e6);
      if (account.skipped !== undefined) {
        samples.add("iperf3: probe runs that the kernel skipped", tool, "", account.skipped);
      }
      console.error(
        `iperf3: ${tool.name}: ${delivered} of ${hits.toFixed(0)} hits, ` +
          `${account.skipped ?? "?"} skipped, ${(result.rate / 1e6).toFixed(0)} Mbit/s`,
      );
    }
  }
  return samples.all();
}
