import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../scripts/run.ts";
import { composeFile, type Service } from "../../../tests/support/container/compose.ts";
import { Container } from "../../../tests/support/container/container.ts";
import { containerProblem, image, mountFile } from "../../../tests/support/container/image.ts";
import { streamKinds } from "../../../tests/support/e2e/ffmpeg.ts";
import { Hosts, hostsProblem } from "../../../tests/support/e2e/hosts.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import { builtExecutable } from "../../command.ts";
import type { Finding } from "../proof.ts";

const STREAM = "live/livestream";
const SECONDS = 10;
const VIEWER = "10.0.0.100";

/**
 * The services of compose.yaml, in the order that it says: its Redis is this machine's, its servers are containers of the image, each
 * with an address of its own. Then its picture and FFmpeg's are watched from both edges.
 */
export async function composeCluster(): Promise<readonly Finding[]> {
  const lacks = containerProblem() ?? hostsProblem();
  if (lacks !== undefined) return [{ what: "its containers", ok: false, seen: lacks }];
  await using stage = new Stage();
  const { compose } = composeFile();
  const names = Object.keys(compose.services);
  const addresses = new Map(names.map((name, at) => [name, `10.0.0.${at + 1}`]));
  const hosts = await Hosts.create(stage, [...addresses.values(), VIEWER]);
  mountFile(image(), "/etc/hosts", [...addresses].map(([name, address]) => `${address} ${name}\n`).join(""));
  const at = (name: string) => addresses.get(name) ?? "";

  const findings: Finding[] = [];
  const servers = new Map<string, Container>();
  const begun = performance.now();
  // The file has each service after those that it needs.
  for (const [name, service] of Object.entries(compose.services)) {
    for (const needed of Object.keys(service.depends_on ?? {})) {
      const server = servers.get(needed);
      if (server !== undefined) await until(`${needed} is healthy`, async () => (await server.health()).status === 0);
    }
    if (name === "redis") await startRedis(stage, hosts, at(name), service);
    else servers.set(name, await startService(stage, hosts.network(at(name)), name, service));
  }
  findings.push({ what: "all of its services start", ok: true, seen: `${seconds(begun)} s` });

  for (const edge of ["edge-1", "edge-2"]) findings.push(await watched(hosts, edge, `rtmp://${at(edge)}/${STREAM}`));
  findings.push(await watched(hosts, "edge-1, by HTTP", `http://${at("edge-1")}:8080/${STREAM}.flv`));
  findings.push(await encoded(stage, hosts, `rtmp://${at("edge-1")}/live/own`, `rtmp://${at("edge-2")}/live/own`));

  for (const [name, container] of [...servers].toReversed()) {
    const { status, said } = name === "picture" ? { status: 0, said: "no check" } : await container.health();
    const stopped = performance.now();
    container.signal("SIGTERM");
    const ended = await container.program.ended();
    const seen = `health ${status} (${said}), then status ${ended} after ${seconds(stopped)} s`;
    findings.push({ what: `${name} is healthy and stops by SIGTERM`, ok: status === 0 && ended === 0, seen });
  }
  return findings;
}

async function startRedis(stage: Stage, hosts: Hosts, address: string, { command }: Service): Promise<void> {
  // Redis's image lets other hosts in, which its program does not by itself.
  const words = [...command, "--bind", "0.0.0.0", "--protected-mode", "no", "--dir", stage.directory];
  stage.start("redis", [...hosts.network(address), ...words]);
  const ping = [...hosts.network(address), "redis-cli", "ping"];
  await until("redis is healthy", () => Bun.spawnSync(ping).stdout.toString().trim() === "PONG");
}

function startService(
  stage: Stage,
  network: readonly string[],
  name: string,
  { command, environment = {}, configs = [] }: Service,
): Promise<Container> {
  const { compose } = composeFile();
  for (const { source, target } of configs)
    mountFile(image(), target, readFileSync(join(root, compose.configs[source]?.file ?? ""), "utf8"));
  return Container.start(stage, name, image(), { command, env: environment, network });
}

/** A player of the bench at an edge. */
async function watched(hosts: Hosts, what: string, url: string): Promise<Finding> {
  const command = `${builtExecutable()} bench play ${url} --seconds ${SECONDS} --json`;
  const { said } = await hosts.run(VIEWER, command, {});
  const { players } = JSON.parse(said.slice(said.indexOf("{"))) as {
    readonly players: { readonly frames: { readonly video: number }; readonly lost: { readonly video: number } };
  };
  const { frames, lost } = players;
  const seen = `${frames.video} frames in ${SECONDS} s, ${lost.video} lost`;
  return { what: `the picture plays from ${what}`, ok: frames.video > 0 && lost.video === 0, seen };
}

/** FFmpeg publishes to one edge, and FFmpeg plays from the other. */
async function encoded(stage: Stage, hosts: Hosts, to: string, from: string): Promise<Finding> {
  const input = "-re -f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i sine";
  const output = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25 -c:a aac -f flv";
  hosts.start(VIEWER, `ffmpeg -v error ${input} ${output} ${to}`, {});
  const file = stage.path("own.flv");
  const { exitCode, said } = await hosts.run(VIEWER, `ffmpeg -v error -i ${from} -t 3 -c copy ${file}`, {});
  const kinds = exitCode === 0 ? streamKinds(file) : said;
  return { what: "FFmpeg publishes to one edge and plays from the other", ok: kinds === "video,audio", seen: kinds };
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
