import { expect } from "bun:test";
import { AmfObject } from "../../src/amf/value.ts";
import { Client } from "../support/e2e/client.ts";
import { executable } from "../support/e2e/executable.ts";
import { type Srs, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";

const test = testWith("tests/e2e/trust.test.ts");

const KEY = "the-key-of-the-test-3f9a";
const KEYS = `publish_keys = "${KEY}"\nplay_keys = "${KEY}"`;

/** An origin that asks for signatures and trusts servers at this address with both actions. */
function startOrigin(stage: Stage): Promise<Srs> {
  const trusted = 'trusted = ["publish 127.0.0.1", "play 127.0.0.1"]';
  return startSrs(stage, "origin", { more: `[vhost.__defaultVhost__.security]\n${KEYS}\n${trusted}` });
}

function startEdge(stage: Stage, origin: Srs, keys = "", more = ""): Promise<Srs> {
  const edge = `[vhost.__defaultVhost__.edge]\norigin = "127.0.0.1:${origin.port}"\n${keys}\n${more}`;
  return startSrs(stage, "edge", { more: edge });
}

/** The stream's name with a signature, by `srs sign`. */
function signed(stage: Stage, server: Srs, action: "publish" | "play", name = "show"): string {
  const conf = stage.path("origin.toml");
  const args = [executable(), "sign", server.url(`live/${name}`), `--${action}`, "--conf", conf];
  const { exitCode, stdout, stderr } = Bun.spawnSync(args);
  if (exitCode !== 0) throw new Error(`srs sign: ${stderr}`);
  return stdout
    .toString()
    .trim()
    .replace(/.*\/live\//, "");
}

async function expectPlayed(publisher: Client, player: Client): Promise<void> {
  publisher.send(8, 0, Uint8Array.of(0xaf, 1, 7));
  await player.packet("the publisher's packet", ({ payload }) => payload[2] === 7);
}

test.concurrent("an origin that trusts an edge requires a signature of each of its clients", async () => {
  await using stage = new Stage();
  const origin = await startOrigin(stage);
  const edge = await startEdge(stage, origin, "publish = true\ntoken_traverse = true");
  const { port } = edge;
  await expect(Client.publish(stage, { port }, "show")).rejects.toThrow(
    "to publish this stream, the URL must be signed",
  );
  await expect(Client.play(stage, { port }, "show")).rejects.toThrow("to play this stream, the URL must be signed");
  const publisher = await Client.publish(stage, { port }, signed(stage, edge, "publish"));
  await expectPlayed(publisher, await Client.play(stage, { port }, signed(stage, edge, "play")));
  // The stream runs on the edge now, and a stranger still needs a signature.
  await expect(Client.play(stage, { port }, "show")).rejects.toThrow("to play this stream, the URL must be signed");
});

test.concurrent("an edge that checks its viewers fetches, without a signature, what its origin trusts it to play", async () => {
  await using stage = new Stage();
  const origin = await startOrigin(stage);
  const publisher = await Client.publish(stage, { port: origin.port }, "show");
  const edge = await startEdge(stage, origin);
  const player = await Client.play(stage, { port: edge.port }, "show");
  await origin.program.line(/play started/);
  await expectPlayed(publisher, player);
});

test.concurrent("an origin refuses what an edge accepts from a publisher without a signature, and the edge warns of that at its start", async () => {
  await using stage = new Stage();
  const origin = await startOrigin(stage);
  const edge = await startEdge(stage, origin, "publish = true");
  await edge.program.line(/WARN .*edge\.toml:\d+: vhost\.__defaultVhost__\.edge\.publish: anybody may publish here/);
  await Client.publish(stage, { port: edge.port }, "stranger");
  await edge.program.line(/push failed .*stranger.*to publish this stream, the URL must be signed/);
  expect(origin.program.lines.filter((line) => /publish started/.test(line))).toEqual([]);
  const publisher = await Client.publish(stage, { port: edge.port }, signed(stage, edge, "publish", "friend"));
  await origin.program.line(/publish started .*friend/);
  await expectPlayed(publisher, await Client.play(stage, { port: origin.port }, "friend"));
});

test.concurrent("a client that claims to ask on behalf of another loses the trust that its address has", async () => {
  await using stage = new Stage();
  const { port } = await startOrigin(stage);
  const connect = async (mark: boolean) => {
    const client = await Client.open(stage, { port });
    const fields = { app: "live", tcUrl: `rtmp://127.0.0.1:${port}/live` };
    await client.call("connect", AmfObject.of(fields), AmfObject.of({ srs_for_client: mark }));
    return client;
  };
  await (await connect(false)).startPublish("one");
  await expect((await connect(true)).startPublish("two")).rejects.toThrow("the URL must be signed");
  await (await connect(false)).startPlay("one");
  await expect((await connect(true)).startPlay("one")).rejects.toThrow("the URL must be signed");
});
