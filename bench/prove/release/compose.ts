import { join } from "node:path";
import { composeFile } from "../../../tests/support/container/compose.ts";
import { streamKinds } from "../../../tests/support/e2e/ffmpeg.ts";
import { owned, scratchFolder } from "../../command.ts";
import type { Finding } from "../proof.ts";
import { engines } from "./engines.ts";
import { Findings } from "./findings.ts";
import { plays } from "./players.ts";
import type { Root } from "./root.ts";

const PICTURE = "live/livestream";
const COMPOSE = "cd /srv/clone && docker compose";

/** Runs a clone's compose.yaml by Docker: its stream plays from both edges, and FFmpeg's passes from one edge to the other. */
export async function composeCluster(): Promise<readonly Finding[]> {
  const root = await engines();
  const found = new Findings(root);
  const { services } = composeFile().compose;
  const checked = Object.values(services).filter(({ healthcheck }) => healthcheck?.disable !== true).length;
  const healthy = `[ $(docker ps -q -f health=healthy | wc -l) = ${checked} ]`;
  await found.run(
    "one command starts it",
    `${COMPOSE} up -d && timeout 60 sh -c 'until ${healthy}; do sleep 0.2; done'`,
  );
  await found.run(
    "all of its services run",
    `${COMPOSE} ps --services | wc -l`,
    new RegExp(`^${Object.keys(services).length}$`),
  );
  for (const [edge, port] of [
    ["edge-1", 1],
    ["edge-2", 2],
  ] as const) {
    for (const url of [`rtmp://127.0.0.1:1935${port}/${PICTURE}`, `http://127.0.0.1:808${port}/${PICTURE}.flv`]) {
      const { ok, seen } = await plays(root, url);
      found.add(`the picture plays from ${edge} at ${url}`, ok, { status: 0, said: seen });
    }
  }
  const kinds = await encoded(root, "rtmp://127.0.0.1:19351/live/own", "rtmp://127.0.0.1:19352/live/own");
  found.add("FFmpeg publishes to one edge and plays from the other", kinds === "video,audio", {
    status: 0,
    said: kinds,
  });
  const statuses = `docker ps -a --format '{{.Names}} {{.Status}}'`;
  await found.run("each stops with 0", `${COMPOSE} stop && ! ${statuses} | grep -v 'Exited (0)'`);
  const left = "docker ps -aq; docker volume ls -q; docker network ls -q -f type=custom";
  await found.run("down -v removes all", `${COMPOSE} down -v && [ -z "$(${left})" ]`);
  return found.list;
}

/** Publishes to one server and plays from another by FFmpeg; returns the kinds of the tracks that arrived. */
async function encoded(root: Root, to: string, from: string): Promise<string> {
  const ffmpeg = (words: string) =>
    owned(
      Bun.spawn([...root.network, "ffmpeg", "-v", "error", ...words.split(" ")], { stdin: "ignore", stderr: "ignore" }),
    );
  const input = "-re -f lavfi -i testsrc2=size=320x180:rate=25 -f lavfi -i sine";
  const publishing = ffmpeg(`${input} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 25 -c:a aac -f flv ${to}`);
  const file = join(scratchFolder("own"), "own.flv");
  const status = await ffmpeg(`-i ${from} -t 3 -c copy ${file}`).exited;
  publishing.kill("SIGKILL");
  return status === 0 ? streamKinds(file) : `status ${status}`;
}
