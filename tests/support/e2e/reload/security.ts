import { expect } from "bun:test";
import { sign } from "../../../../src/features/security/signature.ts";
import { Client } from "../client.ts";
import type { Stage } from "../stage.ts";
import type { Effect } from "./effects.ts";
import { ReloadServer } from "./server.ts";

const KEYS = ["the-first-key-of-the-test", "the-second-key-of-the-test"] as const;

/** Whether a client with this page and these parameters may publish and may play, as "publish play". */
async function mayDo(stage: Stage, { port }: ReloadServer, page = "", key = ""): Promise<string> {
  const may: string[] = [];
  const unused = crypto.randomUUID();
  for (const action of ["publish", "play"] as const) {
    const exp = String(Math.floor(Date.now() / 1000) + 60);
    const name = { vhost: "__defaultVhost__", app: "live", stream: unused };
    const param = key === "" ? "" : `?exp=${exp}&sign=${sign(key, { action, name, exp, addr: "" })}`;
    const options = { port, properties: { pageUrl: page } };
    const go = action === "publish" ? Client.publish : Client.play;
    await go(stage, options, unused + param).then(
      () => may.push(action),
      () => undefined,
    );
  }
  return may.join(" ");
}

/** One change of a key after another, and what a client may do then. */
function changes(steps: readonly (readonly [toml: string, may: string])[], page?: string, key?: string): Effect {
  return async (stage) => {
    const table = (toml: string) => `[vhost.__defaultVhost__.security]\n${toml}`;
    const server = await ReloadServer.start(stage, table(steps[0]?.[0] ?? ""));
    for (const [at, [toml, may]] of steps.entries()) {
      if (at > 0) await server.reload(table(toml));
      expect(`${toml}: ${await mayDo(stage, server, page, key)}`).toBe(`${toml}: ${may}`);
    }
  };
}

const table = "vhost.NAME.security";

/** The effects of the keys that say who may publish and play. */
export const securityEffects: Readonly<Record<string, Effect>> = {
  [`${table}.enabled`]: changes([
    ["enabled = false", "publish play"],
    ["enabled = true", ""],
  ]),
  [`${table}.allow`]: changes([
    ['allow = "play 127.0.0.0/8"', "play"],
    ['allow = ["play 127.0.0.0/8", "publish all"]', "publish play"],
  ]),
  [`${table}.deny`]: changes([
    ['deny = "127.0.0.2"', "publish play"],
    ['deny = "publish 127.0.0.1"', "play"],
  ]),
  [`${table}.refer`]: changes(
    [
      ['refer = "example.org"', ""],
      ['refer = "example.com"', "publish play"],
    ],
    "https://www.example.com/page",
  ),
  [`${table}.refer_publish`]: changes(
    [
      ['refer_publish = "example.org"', "play"],
      ['refer_publish = "example.com"', "publish play"],
    ],
    "https://www.example.com/page",
  ),
  [`${table}.refer_play`]: changes(
    [
      ['refer_play = "example.org"', "publish"],
      ['refer_play = "example.com"', "publish play"],
    ],
    "https://www.example.com/page",
  ),
  [`${table}.publish_keys`]: changes(
    [
      [`publish_keys = "${KEYS[1]}"`, "play"],
      [`publish_keys = ["${KEYS[1]}", "${KEYS[0]}"]`, "publish play"],
    ],
    "",
    KEYS[0],
  ),
  [`${table}.play_keys`]: changes(
    [
      [`play_keys = ["${KEYS[0]}", "${KEYS[1]}"]`, "publish play"],
      [`play_keys = "${KEYS[1]}"`, "publish"],
    ],
    "",
    KEYS[0],
  ),
  [`${table}.trusted`]: changes([
    [`play_keys = "${KEYS[0]}"`, "publish"],
    [`play_keys = "${KEYS[0]}"\ntrusted = "play 127.0.0.0/8"`, "publish play"],
  ]),
};
