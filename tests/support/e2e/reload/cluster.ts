import { expect } from "bun:test";
import { PATH } from "../../../../src/features/cluster/messages.ts";
import { formatCredentials, PROTOCOL, questionMac } from "../../../../src/features/cluster/signature.ts";
import { httpPort } from "../raw-http.ts";
import { startRedis } from "../redis.ts";
import type { Stage } from "../stage.ts";
import { until } from "../wait.ts";
import type { Effect } from "./effects.ts";
import { ReloadServer } from "./server.ts";

const API = '[http_api]\nlisten = "127.0.0.1:0"\n[cluster]\n';
const SECRETS = ["the secret of all nodes", "another secret of them"] as const;

/** A server with this in `[cluster]`, and what it says of nodes. */
async function serverWith(stage: Stage, lines: string) {
  const server = await ReloadServer.start(stage, API + lines);
  const url = `http://127.0.0.1:${await httpPort(server.program, "api")}`;
  const nodes = async () => {
    const answer = (await (await fetch(`${url}/api/v1/nodes`)).json()) as { nodes: Record<string, unknown>[] };
    return answer.nodes;
  };
  /** The status of a question that is signed with a secret: 401 when only its challenge is missing. */
  const asked = async (secret: string) => {
    const nonce = "0".repeat(32);
    const mac = questionMac(secret, `${PATH}?`, nonce, "");
    const authorization = formatCredentials({ version: PROTOCOL, nonce, challenge: "", mac });
    return (await fetch(`${url}${PATH}?`, { headers: { authorization, connection: "close" } })).status;
  };
  return { reload: (to: string) => server.reload(API + to), nodes, asked };
}

/** The effect of a key that the node says of itself. */
function own(key: string, before: unknown, written: string, after: unknown): Effect {
  return async (stage) => {
    const { reload, nodes } = await serverWith(stage, "");
    expect((await nodes())[0]?.[key]).toEqual(before);
    await reload(written);
    expect((await nodes())[0]?.[key]).toEqual(after);
  };
}

/** The effects of the keys of the cluster. */
export const clusterEffects: Readonly<Record<string, Effect>> = {
  "cluster.advertise": own("advertise", [], 'advertise = "rtmp://h"', ["rtmp://h:1935"]),
  "cluster.zone": own("zone", "", 'zone = "west"', "west"),
  "cluster.weight": own("weight", 100, "weight = 7", 7),
  "cluster.bandwidth": own("max_kbps", 0, "bandwidth = 20", 20_000),

  async "cluster.peers"(stage) {
    const secret = `secret = "${SECRETS[0]}"\n`;
    const { reload, nodes } = await serverWith(stage, secret);
    expect(await nodes()).toHaveLength(1);
    await reload(`${secret}peers = "http://127.0.0.1:1"`);
    expect(await nodes()).toMatchObject([{ self: true }, { peer: "http://127.0.0.1:1", state: "dead" }]);
  },

  async "cluster.registry"(stage) {
    const server = await ReloadServer.start(stage, "");
    await server.reload('cluster.registry = "redis://127.0.0.1:1"');
    await server.program.line(/registry away .*redis:\/\/127\.0\.0\.1:1/);
  },

  async "cluster.registry_prefix"(stage) {
    const redis = await startRedis(stage.directory);
    stage.defer(() => redis.stop());
    const lines = `[cluster]\nregistry = "${redis.url}"\n`;
    const server = await ReloadServer.start(stage, lines);
    await until("keys", () => redis.cli("KEYS", "*:node:*").startsWith("srs:1:node:"));
    await server.reload(`${lines}registry_prefix = "other"\n`);
    await until("other keys", () => redis.cli("KEYS", "other:*").includes("other:1:node:"));
  },

  async "cluster.secret"(stage) {
    const { reload, asked } = await serverWith(stage, `secret = "${SECRETS[0]}"`);
    expect([await asked(SECRETS[0]), await asked(SECRETS[1])]).toEqual([401, 403]);
    await reload(`secret = "${SECRETS[1]}"`);
    expect([await asked(SECRETS[0]), await asked(SECRETS[1])]).toEqual([403, 401]);
  },

  async "cluster.secret_file"(stage) {
    const lines = `secret_file = "${stage.write("secret", `${SECRETS[0]}\n`)}"`;
    const { reload, asked } = await serverWith(stage, lines);
    expect(await asked(SECRETS[0])).toBe(401);
    // The file alone has changed.
    stage.write("secret", SECRETS[1]);
    await reload(lines);
    expect([await asked(SECRETS[0]), await asked(SECRETS[1])]).toEqual([403, 401]);
  },
};
