import { Client } from "../../../tests/support/e2e/client.ts";
import { namespaceProblem, OtherHost } from "../../../tests/support/e2e/network.ts";
import { PacedFeed } from "../../../tests/support/e2e/paced-feed.ts";
import { RegistryNodes } from "../../../tests/support/e2e/registry-nodes.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import type { Finding, ProofContext } from "../proof.ts";

const STREAM = "srs:1:stream:__defaultVhost__/live/show";
/** Policies for a second publisher, and what happens to the publisher that was cut off. */
const fates = { reject: "is disconnected", replace: "is disconnected", standby: "stands by" } as const;
type Policy = keyof typeof fates;

/**
 * A node with a publisher is cut off from Redis and from the other nodes, but not from its clients. Meanwhile its stream is published at
 * another node. When the network is back, the stream has one owner, and all viewers play on.
 */
export async function cutOff({ seconds }: ProofContext): Promise<readonly Finding[]> {
  const problem = namespaceProblem();
  if (problem !== undefined) return [{ what: "network namespaces", ok: false, seen: problem }];
  const findings: Finding[] = [];
  // The full time for one policy; the others only show what happens to the publisher.
  findings.push(...(await cutOffFor(seconds, "reject")));
  findings.push(...(await cutOffFor(seconds / 4, "replace")));
  findings.push(...(await cutOffFor(seconds / 4, "standby")));
  return findings;
}

async function cutOffFor(seconds: number, policy: Policy): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const host = new OtherHost(stage);
  const lines = `publish.on_conflict = "${policy}"\npublish.grace = ${Math.ceil(2 * seconds)}`;
  const bind = ["--bind", "127.0.0.1", host.here, "--protected-mode", "no"];
  const nodes = await RegistryNodes.start(stage, [], lines, bind);
  const redis = `redis://${host.here}:${nodes.redis.server.port}`;
  const far = { host: host.addLink(), port: 0 };
  for (const name of ["a", "c"]) await nodes.add(name, { address: host.here });
  const cut = await nodes.add("b", { address: host.address, executed: host.executable(), redis });
  far.port = cut.port;

  const first = await Client.publish(stage, far, "show");
  new PacedFeed(stage, first);
  const own = await Client.play(stage, far, "show");
  const others = [await nodes.of("a").play(), await nodes.of("c").play()];
  await nodes.plays(own, ...others);

  host.cut();
  const cutAt = performance.now();
  const second = await nodes.encode("a");
  const takenMs = performance.now() - cutAt;
  await nodes.plays(own, ...others);
  await until("the cut is over", () => performance.now() - cutAt > 1000 * seconds, 1000 * seconds + 10_000);
  const isBoth = !first.closed && !second.closed;
  await nodes.plays(own, ...others);

  host.join();
  const joinedAt = performance.now();
  const owner = () => nodes.redis.cli("HGETALL", STREAM).trim().split("\n");
  const isJudged = () =>
    policy === "standby" ? nodes.redis.cli("EXISTS", `srs:1:has:${idOf(nodes, "b")}`) === "0\n" : first.closed;
  await cut.program.line(/registry connected.*outage_seconds/);
  await until("the first encoder is judged", isJudged);
  const judgedMs = performance.now() - joinedAt;
  await nodes.plays(own, ...others);
  const published = owner().filter((line) => line.includes('"published"')).length;
  const ownedBy = owner()[owner().indexOf("owner") + 1];
  const isWell = !second.closed && first.closed === (policy !== "standby");
  const said = others.concat(own).flatMap(({ statuses }) => statuses);
  const left = said.filter((status) => /UnpublishNotify|StreamNotFound/.test(status));
  return [
    { what: `${policy}: both nodes have a publisher after ${seconds} s`, ok: isBoth, seen: String(isBoth) },
    {
      what: `${policy}: the stream is published elsewhere`,
      ok: takenMs < 15_000,
      seen: `after ${takenMs.toFixed(0)} ms`,
    },
    {
      what: `${policy}: the first encoder ${fates[policy]}`,
      ok: isWell,
      seen: `${judgedMs.toFixed(0)} ms after the cable is back`,
    },
    {
      what: `${policy}: one owner, which got the stream last`,
      ok: published === 1 && ownedBy === idOf(nodes, "a"),
      seen: `${published} published, term ${owner()[owner().indexOf("term") + 1]}`,
    },
    { what: `${policy}: viewers of all nodes go on`, ok: left.length === 0, seen: left.join() || "without a word" },
  ];
}

/** Finds a node's id by its advertised address. */
function idOf(nodes: RegistryNodes, name: string): string | undefined {
  const address = new RegExp(`"advertise":\\["[^"]*:${nodes.of(name).port}"`);
  const keys = nodes.redis.cli("KEYS", "srs:1:node:*").trim().split("\n");
  return keys.find((key) => address.test(nodes.redis.cli("GET", key)))?.slice("srs:1:node:".length);
}
