import { expect, test } from "bun:test";
import { loadConfig } from "../../../../src/app/config/index.ts";

/** What is told of a default vhost with these keys, all set by variables. */
function told(keys: Record<string, string>, more: Record<string, string> = {}): readonly string[] {
  const variables = Object.entries(keys).map(([key, value]) => [`SRS_VHOST_${key}`, value]);
  return loadConfig(undefined, { SRS_LISTEN: "0", ...Object.fromEntries(variables), ...more }).warnings;
}

const open = { EDGE_ORIGIN: "192.168.1.5", EDGE_PUBLISH: "true" };
const KEY = "0123456789abcdef";

test("an edge that accepts publishers from anybody gets a warning that says what to write", () => {
  expect(told(open)).toEqual([
    "SRS_VHOST_EDGE_PUBLISH: vhost.__defaultVhost__.edge.publish: anybody may publish here, and the edge's viewers see it: restrict publishers by security.publish_keys or security.allow, or let the origin decide by edge.token_traverse",
  ]);
  for (const rule of [
    { EDGE_PUBLISH: "false" },
    { EDGE_TOKEN_TRAVERSE: "true" },
    { SECURITY_PUBLISH_KEYS: KEY },
    { SECURITY_ALLOW: "publish 10.0.0.0/8" },
    { SECURITY_ALLOW: "all" },
  ])
    expect(told({ ...open, ...rule })).toEqual([]);
});

test("a trusted rule without effect gets a warning, and says so if anybody may publish", () => {
  const rules = { SECURITY_TRUSTED: "publish 192.168.1.5 play 192.168.1.8" };
  expect(told({ ...rules, SECURITY_PUBLISH_KEYS: KEY, SECURITY_REFER_PLAY: "example.com" })).toEqual([]);
  expect(told({ ...rules, SECURITY_REFER: "example.com" })).toEqual([]);
  const [publish, play] = told(rules);
  expect(publish).toEndWith(
    '"publish 192.168.1.5" has no effect, as nothing asks who wants to publish for a page or a signature, and anybody may publish; allow = ["publish 192.168.1.5", "play all"] would let nobody else',
  );
  expect(play).toEndWith(
    '"play 192.168.1.8" has no effect, as nothing asks who wants to play for a page or a signature',
  );
  expect(told({ ...rules, SECURITY_PLAY_KEYS: KEY, SECURITY_ALLOW: "publish 192.168.1.5" }).join()).not.toContain(
    "anybody",
  );
});

test("a publisher's timeout that seems to be in seconds instead of milliseconds gets a warning", () => {
  expect(told({ PUBLISH_NORMAL_TIMEOUT: "5" })).toEqual([
    'SRS_VHOST_PUBLISH_NORMAL_TIMEOUT: vhost.__defaultVhost__.publish.normal_timeout: 5 ms disconnects every publisher, as packets are further apart; for seconds write "5s"',
  ]);
  expect(told({ PUBLISH_NORMAL_TIMEOUT: "5s", PUBLISH_FIRSTPKT_TIMEOUT: "500ms" })).toEqual([]);
});

test("encryption without a secret on servers that share a stream gets a warning", () => {
  const keys = { HLS_ENABLED: "true", HLS_HLS_KEYS: "true", EDGE_ORIGIN: "192.168.1.5" };
  expect(told(keys)).toEqual([
    "SRS_VHOST_HLS_HLS_KEYS: vhost.__defaultVhost__.hls.hls_keys: other servers of the stream have other keys, so that viewers can't move between them: set the same cluster.secret_file on all",
  ]);
  expect(told({ ...keys, HLS_HLS_KEYS: "false" })).toEqual([]);
  expect(told({ HLS_ENABLED: "true", HLS_HLS_KEYS: "true" })).toEqual([]);
  const secret = { SRS_CLUSTER_SECRET: "0123456789abcdef0123456789abcdef" };
  const variables = Object.entries(keys).map(([key, value]) => [`SRS_VHOST_${key}`, value]);
  const { warnings } = loadConfig(undefined, { SRS_LISTEN: "0", ...secret, ...Object.fromEntries(variables) });
  expect(warnings.join()).not.toContain("other keys");
});

test("a director that knows no other nodes gets a warning", () => {
  const message =
    'SRS_VHOST_DIRECTOR: vhost.__defaultVhost__.director: "redirect" has no effect, as this node knows no others: name them in [cluster] peers, or a registry';
  expect(told({ DIRECTOR: "redirect" })).toEqual([message]);
  const cluster = {
    SRS_CLUSTER_PEERS: "http://192.168.1.6:1985",
    SRS_CLUSTER_SECRET: "0123456789abcdef0123456789abcdef",
    SRS_HTTP_API_LISTEN: "127.0.0.1:0",
  };
  const { warnings } = loadConfig(undefined, { SRS_LISTEN: "0", SRS_VHOST_DIRECTOR: "redirect", ...cluster });
  expect(warnings.join()).not.toContain("has no effect");
});

test("an address of loopback gets a warning when other nodes are on other hosts", () => {
  const advertise = { SRS_CLUSTER_ADVERTISE: "rtmp://127.0.0.1 http://localhost:8080 rtmp://192.168.1.6" };
  const message = (url: string) =>
    `SRS_CLUSTER_ADVERTISE: cluster.advertise: ${url} leads other hosts to themselves: write an address by which they reach this one`;
  expect(told({}, { ...advertise, SRS_CLUSTER_REGISTRY: "redis://10.0.0.9" })).toEqual([
    message("rtmp://127.0.0.1:1935"),
    message("http://localhost:8080"),
  ]);
  expect(told({}, { ...advertise, SRS_CLUSTER_REGISTRY: "redis://127.0.0.1" })).toEqual([]);
});

test("a node of a registry without an address gets a warning", () => {
  const registry = { SRS_CLUSTER_REGISTRY: "redis://10.0.0.9" };
  expect(told({}, registry)).toEqual([
    "SRS_CLUSTER_REGISTRY: cluster.registry: no other node fetches from this one, as none knows its address: set cluster.advertise",
  ]);
  expect(told({}, { ...registry, SRS_CLUSTER_ADVERTISE: "rtmp://192.168.1.6" })).toEqual([]);
  expect(told({ DIRECTOR: "redirect" }, { ...registry, SRS_CLUSTER_ADVERTISE: "rtmp://192.168.1.6" })).toEqual([]);
});
