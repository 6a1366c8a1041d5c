import assert from "node:assert/strict";
import { parse } from "yaml";
import { parseCommandLine } from "../../../lib/cli/parse.ts";

const FOLDER = new URL("../../../examples/k8s/", import.meta.url);

/** The members of a pod that these tests check. */
interface Pod {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: {
    nodeName: string;
    restartPolicy: string;
    containers: [{
      args: string[];
      command?: string[];
      securityContext: { capabilities: { add: string[]; drop: string[] }; runAsUser: number };
      volumeMounts: { name: string; mountPath: string }[];
    }];
    volumes: { name: string; hostPath: { path: string } }[];
  };
}

const pod: Pod = parse(await Deno.readTextFile(new URL("ipft.yaml", FOLDER)), { strict: true });
const { spec } = pod;
const [container] = spec.containers;

Deno.test("examples/k8s/ipft.yaml is a pod that runs a JSON trace of limited duration", () => {
  assert.deepEqual([pod.apiVersion, pod.kind, spec.restartPolicy], ["v1", "Pod", "Never"]);
  assert.equal(spec.containers.length, 1);
  assert.equal(container.command, undefined, "the image has an entry point");
  const request = parseCommandLine(container.args);
  assert(request.kind === "trace", request.kind);
  const { filter, outputs, durationMs } = request.options;
  assert.equal(filter.mark?.value, 0xdeadbeef);
  assert.deepEqual(outputs, [{ format: "json", path: undefined }]);
  assert(durationMs! > 0);
});

Deno.test("examples/k8s/ipft.yaml grants root, tracefs and three capabilities, and no more", () => {
  const { capabilities, runAsUser } = container.securityContext;
  assert.equal(runAsUser, 0);
  assert.deepEqual(capabilities, { drop: ["ALL"], add: ["BPF", "PERFMON", "SYSLOG"] });
  const paths = new Map(spec.volumes.map(({ name, hostPath }) => [name, hostPath.path]));
  const mounts = container.volumeMounts.map(({ name, mountPath }) => [paths.get(name), mountPath]);
  assert.deepEqual(mounts, [["/sys/kernel/tracing", "/sys/kernel/tracing"]]);
  assert.doesNotMatch(JSON.stringify(pod), /"(?:privileged|hostPID|hostNetwork|hostIPC)"/);
});

Deno.test("examples/k8s/README.md uses the names of ipft.yaml", async () => {
  const text = await Deno.readTextFile(new URL("README.md", FOLDER));
  const [, placeholder] = /sed s\/(\w+)\/\S+\/ ipft\.yaml/.exec(text)!;
  assert.equal(placeholder, spec.nodeName);
  const pods = [...text.matchAll(/kubectl (?:logs|delete pod|wait pod) (?:-f )?(\S+)/g)];
  assert(pods.length > 1);
  for (const [command, name] of pods) assert.equal(name, pod.metadata.name, command);
  for (const name of container.securityContext.capabilities.add) {
    assert(text.includes(`\`${name}\``));
  }
});
