import assert from "node:assert/strict";
import { parse } from "yaml";
import { parseCommandLine } from "../../../lib/cli/parse.ts";
import { BUILDS, readmeBlocks, readmeCommands, TRACES } from "../../support/readme.ts";

const ROOT = new URL("../../../", import.meta.url);

/** The words of each command, without comments and line continuations. */
const commands = readmeCommands().map(({ text }) =>
  text.replaceAll("\\\n", " ").replace(/\s#.*/, "").trim().split(/\s+/)
);

/** Returns the arguments of each command that runs `program`, with or without sudo. */
function argumentsOf(program: string): string[][] {
  return commands.map((words) => words[0] === "sudo" ? words.slice(1) : words)
    .filter(([name]) => name === program).map((words) => words.slice(1));
}

Deno.test("each command in README.md is run in a VM or checked here", () => {
  const texts = readmeCommands().map(({ text }) => text);
  for (const text of texts) {
    assert.equal(Number(TRACES.test(text)) + Number(BUILDS.test(text)), 1, `nobody tries: ${text}`);
  }
  assert(texts.some((text) => TRACES.test(text)) && texts.some((text) => BUILDS.test(text)));
});

Deno.test("the make targets in README.md exist", async () => {
  const targets = argumentsOf("make");
  assert(targets.length > 3);
  for (const args of targets) {
    const make = new Deno.Command("make", { args: ["--dry-run", ...args], cwd: ROOT });
    const { success, stderr } = await make.output();
    assert(success, `make ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
});

Deno.test("the container in README.md is Containerfile's and has the rights of the pod", async () => {
  const [build, run] = argumentsOf("podman");
  assert.deepEqual(build, ["build", "-t", "ipft", "."]);
  const image = run.indexOf("ipft");
  const request = parseCommandLine(run.slice(image + 1));
  assert(request.kind === "trace" && request.options.durationMs !== undefined);

  const pod = parse(await Deno.readTextFile(new URL("examples/k8s/ipft.yaml", ROOT)));
  const [{ securityContext, volumeMounts }] = pod.spec.containers;
  const valueOf = (option: string) => run[run.indexOf(option) + 1];
  assert.deepEqual(valueOf("--cap-drop").split(","), securityContext.capabilities.drop);
  assert.deepEqual(valueOf("--cap-add").split(","), securityContext.capabilities.add);
  const [{ mountPath }] = volumeMounts;
  assert.equal(valueOf("-v"), `${mountPath}:${mountPath}:ro`);

  const containerfile = await Deno.readTextFile(new URL("Containerfile", ROOT));
  assert.match(containerfile, /^COPY --from=build \S+ \/usr\/local\/bin\/ipft$/m);
  assert.match(containerfile, /^ENTRYPOINT \["ipft"\]$/m);
});

Deno.test("the events in README.md fit the schema", async () => {
  const { parseEvents } = await import("../../support/json_schema.ts");
  const events = readmeBlocks().flat().filter((line) => line.startsWith("{"));
  assert.equal(parseEvents(events.map((event) => `${event}\n`).join("")).length, 1);
});
