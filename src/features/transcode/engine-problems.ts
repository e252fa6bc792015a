import type { EngineConfig } from "./config.ts";
import { outputName } from "./output.ts";

/** A vhost with its engines in the configuration. */
export interface EnginesOfVhost {
  readonly transcode: ReadonlyMap<string, EngineConfig>;
}

/** Mistakes in engines that the configuration alone shows: the key's path and a message. */
export function engineProblems(vhosts: ReadonlyMap<string, EnginesOfVhost>, defaultVhost: string) {
  return [...vhosts].flatMap(([vhost, { transcode }]) =>
    [...transcode].flatMap(([name, engine]) =>
      problemsOf(engine, vhost, name, vhosts, defaultVhost).map(([key, message]) => ({
        path: ["vhost", vhost, "transcode", name, ...(key === "" ? [] : [key])],
        message,
      })),
    ),
  );
}

type Problem = readonly [key: keyof EngineConfig | "", message: string];

function problemsOf(
  engine: EngineConfig,
  vhost: string,
  name: string,
  vhosts: ReadonlyMap<string, unknown>,
  defaultVhost: string,
): Problem[] {
  const problems: Problem[] = [];
  if (engine.output.length === 0) {
    problems.push(["", `has no output; write where the result goes, output = "live.example.com/[app]/[stream]"`]);
  }
  if (engine.vcodec === "none" && engine.acodec === "none")
    problems.push(["", "leaves out video and audio: nothing is left"]);
  if (engine.filter_complex !== "" && engine.vfilter !== "")
    problems.push(["vfilter", "stands beside filter_complex; write all filters there"]);
  if (engine.inputs.length > 0 && engine.filter_complex === "")
    problems.push(["inputs", "has no effect without filter_complex"]);
  for (const output of engine.output) {
    if (output.kind !== "stream") continue;
    const names = outputName(output, { vhost, app: "[app]", stream: "[stream]" }, name);
    const isSame = names.vhost.toLowerCase() === vhost.toLowerCase();
    if (isSame && names.app === "[app]" && names.stream === "[stream]")
      problems.push(["output", "is the stream itself; name another vhost, app or stream"]);
    const known = [...vhosts.keys()].some((each) => each.toLowerCase() === names.vhost.toLowerCase());
    if (!known && !vhosts.has(defaultVhost))
      problems.push(["output", `goes to the vhost ${names.vhost}, which does not exist; add [vhost."${names.vhost}"]`]);
  }
  return problems;
}
