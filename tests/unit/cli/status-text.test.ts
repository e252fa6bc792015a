import { expect, test } from "bun:test";
import {
  clusterLines,
  clusterProblemsOf,
  problemsOf,
  type Status,
  statusLines,
  topLines,
} from "../../../src/cli/status-text.ts";

const NOW = 1_000_000_000;
const client = {
  ...{
    id: "c7",
    ip: "192.0.2.7",
    url: "/live/show",
    type: "rtmp-play",
    format: "rtmp",
    alive: 90,
    lost_packets: 12,
    lag_ms: 1500,
  },
  kbps: { recv_30s: 1, send_30s: 2500 },
};
const forward = {
  ...{ id: "f1", to: "edge:1935", url: "/live/show", state: "waiting", failing: true, failing_since: NOW - 300_000 },
  ...{ attempt: 9, next_retry: NOW + 4000, last_error: "connection refused", lag_ms: 0, dropped: 0 },
};
const transcoder = {
  ...{ url: "/live/show", engines: "sd", state: "running", failing: false, failing_since: null, pid: 77, lag_ms: 40 },
  ...{ restarts: 1, next_retry: null, last_error: null },
};
const well: Status = {
  node: {
    ...{ id: "00ff", version: "1.2.3", stage: "running", uptime: 7200, connections: 3, publishers: 1, players: 1 },
    ...{ streams: 1, forwards_failing: 0, origins_dead: 0 },
  },
  config: { file: "/etc/srs/srs.toml", loaded_at: NOW - 7_200_000, reloads: 2, refused: null },
  streams: [
    {
      ...{
        id: "vid-1",
        name: "show",
        app: "live",
        url: "/live/show",
        viewers: 1,
        since: NOW - 60_000,
        fps: 25,
        gop_ms: 2000,
        lost_packets: 0,
      },
      age_ms: 12,
      kbps: { recv_30s: 2500, send_30s: 2500 },
      publish: { active: true, cid: "c1" },
      video: { codec: "H264", width: 1280, height: 720 },
      audio: { codec: "AAC" },
      health: [],
      sources: [
        { id: "c1", role: "active", ip: "192.0.2.1:5000", via: "client", silent_ms: 10 },
        { id: "c2", role: "standby", ip: "192.0.2.2:5000", via: "client", silent_ms: 9000 },
      ],
    },
  ],
  ...{ forwards: [], edges: [], upstreams: [], origins: [], transcoders: [], targets: [], slow: [], refused: {} },
  near: [],
};

test("The status shows what each publisher sends, from where, since when and at what rate", () => {
  expect(statusLines(well, NOW)).toEqual([
    "srs 1.2.3 running, up 2 h: 3 connections, 1 publishers, 1 players, 1 streams",
    "configuration /etc/srs/srs.toml, in effect for 2 h, 2 reloads",
    "",
    "streams:",
    "  /live/show  c1 from 192.0.2.1:5000 for 60 s  2500 kbit/s  H264 1280x720 25 fps, AAC  GOP 2 s  12 ms old  1 viewers",
    "",
    "sources that stand by:",
    "  /live/show  c2  from 192.0.2.2:5000 (client)  silent for 9 s",
  ]);
  expect(problemsOf(well)).toEqual([]);
});

test("The status shows which forward fails, why and since when, which clients are slow, and what is near a limit", () => {
  const bad: Status = {
    ...well,
    forwards: [forward],
    slow: [client],
    edges: [{ ...client, id: "c9", ip: "192.0.2.9", lag_ms: 40, lost_packets: 0 }],
    origins: [{ vhost: "v", origin: "o:1935", state: "dead", last_error: "timeout" }],
    near: [
      { limit: "max_players", of: "/live/show", now: 50, max: 50 },
      { limit: "connections", of: "", now: 900, max: 1000 },
    ],
    refused: { max_connections: 7 },
    upstreams: [
      { ...forward, id: "u1", to: "origin:1935", state: "running", failing_since: null, lag_ms: null, dropped: 3 },
    ],
    transcoders: [
      transcoder,
      {
        ...transcoder,
        failing: true,
        state: "waiting",
        pid: null,
        failing_since: NOW - 60_000,
        last_error: "no encoder",
      },
    ],
    targets: [{ id: "t1", target: "edge:1935", vhost: null, app: "live", stream: "show", keep: true }],
    config: { ...well.config, refused: { at: NOW - 5000, lines: ["x.toml:1: wrong"] } },
  };
  const text = statusLines(bad, NOW).join("\n");
  for (const line of [
    "a reload was refused 5 s ago: x.toml:1: wrong",
    "  f1  /live/show  edge:1935  waiting  failing for 5 min: connection refused (attempt 9, next in 4 s)",
    "  c9  /live/show  192.0.2.9  for 90 s  40 ms behind",
    "  u1  /live/show  origin:1935  running  3 packets lost",
    "  o:1935  dead  timeout",
    "  /live/show  sd  running  pid 77, 40 ms behind, 1 restarts",
    "  /live/show  sd  waiting  failing for 60 s: no encoder",
    "  t1  edge:1935  for app live, stream show  kept",
    "  c7  192.0.2.7  rtmp-play  /live/show  in 1 out 2500 kbit/s  for 90 s  1500 ms behind, 12 packets lost",
    "  max_players  /live/show   50 of 50",
    "  connections  900 of 1000",
    "  max_connections  7",
  ])
    expect(text).toContain(line);
  expect(problemsOf(bad)).toEqual([
    "forward of /live/show to edge:1935 fails: connection refused",
    "origin o:1935 is dead: timeout",
    "transcode of /live/show (sd) fails: no encoder",
    "the last reload was refused: x.toml:1: wrong",
    "near a limit: max_players /live/show 50 of 50",
    "near a limit: connections 900 of 1000",
  ]);
});

test("Problems of streams have their own lines, and a check fails if viewers get nothing", () => {
  const health = [
    { state: "gop", since: NOW - 60_000, detail: "key frames 12.0 s apart" },
    { state: "stall", since: NOW - 4000, detail: "no video for 7 s" },
  ];
  const ill: Status = { ...well, streams: well.streams.map((stream) => ({ ...stream, health })) };
  const rows = [
    "unhealthy streams:",
    "  /live/show  gop    key frames 12.0 s apart  for 60 s",
    "  /live/show  stall  no video for 7 s         for 4 s",
  ];
  const lines = statusLines(ill, NOW);
  expect(lines.slice(lines.indexOf("unhealthy streams:")).slice(0, 3)).toEqual(rows);
  expect(problemsOf(ill)).toEqual(["stream /live/show: no video for 7 s"]);
  expect(topLines([client], ill.streams, NOW).slice(0, 6)).toEqual(["", ...rows, "", "clients:"]);
});

test("Names from clients can't control the terminal, and the busiest clients come first", () => {
  const busy = { ...client, id: "c8", url: "/live/\u001b[2J", kbps: { recv_30s: 0, send_30s: 9000 } };
  const lines = topLines([client, busy], [], NOW);
  expect(lines.slice(2).map((line) => line.trim().slice(0, 2))).toEqual(["c8", "c7"]);
  expect(lines.join("\n")).not.toContain("\u001b");
});

test("The status shows the nodes of a cluster with their state and problems", () => {
  const self = {
    ...{ id: "00ff", self: true, peer: "", state: "alive", zone: "west", weight: 100, advertise: [], connections: 3 },
    ...{ max_connections: 1000, kbps: 2500, cpu: 0.123, published: 1, relayed: 2, seen_ms: 0, problems: [] },
    heard_by: [],
  };
  const peer = {
    ...self,
    id: "00aa",
    self: false,
    peer: "http://b:1985",
    zone: "",
    weight: 7,
    seen_ms: 900,
    heard_by: ["peers", "registry"],
  };
  const away = { ...peer, id: null, peer: "http://c:1985", state: "dead", seen_ms: null, problems: ["timeout"] };
  const drains = { ...peer, peer: "http://d:1985", state: "draining" };
  expect(clusterLines({ nodes: [self, peer, away], registry: null }, NOW)).toEqual([
    "nodes:",
    "  this server    00ff  alive  3 of 1000 connections, 2500 kbit/s, 12 % CPU  1 published, 2 relayed  zone west",
    "  http://b:1985  00aa  alive  3 of 1000 connections, 2500 kbit/s, 12 % CPU  1 published, 2 relayed  weight 7   seen 1 s ago by peers and registry",
    "  http://c:1985        dead",
    "",
    "problems:",
    "  http://c:1985  timeout",
  ]);
  expect(clusterProblemsOf({ nodes: [self, peer], registry: null })).toEqual([]);
  expect(clusterProblemsOf({ nodes: [self, away, drains], registry: null })).toEqual([
    "http://d:1985 is draining",
    "http://c:1985: timeout",
  ]);
});

test("The status shows the registry's state, which is a problem while it is away or refuses commands", () => {
  const registry = {
    ...{ to: "redis://r:6379", up: true, since: NOW - 90_000, last_error: null },
    ...{ commands: 700, refused: 1, dropped: 2, waiting: 3, lost_claims: 4 },
  };
  const counts = "700 commands, 1 refused, 2 dropped, 3 waiting  4 lost claims";
  expect(clusterLines({ nodes: [], registry }, NOW)).toEqual([
    "",
    "registry:",
    `  redis://r:6379  up for 90 s  ${counts}`,
  ]);
  expect(clusterProblemsOf({ nodes: [], registry })).toEqual([]);
  const away = { ...registry, up: false, last_error: "redis://r:6379: no answer" };
  expect(clusterLines({ nodes: [], registry: away }, NOW)).toContain(
    `  redis://r:6379  away for 90 s  ${counts}  redis://r:6379: no answer`,
  );
  expect(clusterProblemsOf({ nodes: [], registry: away })).toEqual(["the registry is away: redis://r:6379: no answer"]);
  const full = { ...registry, last_error: "OOM" };
  expect(clusterProblemsOf({ nodes: [], registry: full })).toEqual(["the registry refuses commands: OOM"]);
});
