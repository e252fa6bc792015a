import { describe, expect, test } from "bun:test";
import { PrometheusText } from "../../../../src/features/api/prometheus.ts";
import { ApiStage, nodeState } from "../../../support/api-stage.ts";
import { promtoolFor } from "../../../support/promtool.ts";

const promtool = promtoolFor("tests/unit/features/api/metrics.test.ts");

/** A server with streams of hostile names, a relay and refusals. */
function stageOf(...names: readonly string[]): ApiStage {
  const stage = new ApiStage();
  for (const name of names) {
    stage.publisher(name).feed.headers().gop("k", 3);
    stage.player(name);
  }
  stage.relay();
  stage.origins.push({ vhost: "v", origin: "o:1935", state: "alive", lastError: undefined, retryInMs: 0 });
  const state = nodeState("00aa", { draining: true });
  stage.nodes.others = [{ isSelf: false, source: "http://b:1985", alive: true, seenAt: 0, state, problems: ["?"] }];
  stage.refusals.add({ rule: "max_connections", log: stage.log, message: "refused", fields: {} });
  return stage;
}

async function metricsOf(stage: ApiStage): Promise<string> {
  return (await stage.call("/metrics")).text;
}

describe("Metrics", () => {
  test("describe the process, the server, each stream and each relay", async () => {
    const text = await metricsOf(stageOf("show"));
    const lines = text.split("\n");
    for (const line of [
      "process_cpu_seconds_total 2",
      "srs_connections 3",
      'srs_refusals_total{reason="max_connections"} 1',
      'srs_stream_viewers{vhost="__defaultVhost__",app="live",stream="show"} 1',
      'srs_stream_sent_bytes_total{vhost="__defaultVhost__",app="live",stream="show"} 5000',
      'srs_relay_up{flow="push",to="edge:1935",vhost="__defaultVhost__",app="live",stream="show"} 0',
      'srs_origin_up{vhost="v",origin="o:1935"} 1',
      'srs_node_up{peer="http://b:1985"} 0',
      'srs_node_problems{peer="http://b:1985"} 1',
      "srs_config_loaded_timestamp_seconds 1",
    ])
      expect(lines).toContain(line);
  });

  test("report the problems of each stream, the number of the others, and the age of packets", async () => {
    const stage = stageOf("one", "two", "three");
    stage.player("two");
    stage.config = { ...stage.config, metrics_streams: 1 };
    for (const name of ["one", "two", "three"])
      stage.health.push({ stream: `__defaultVhost__/live/${name}`, state: "gop", since: 1, detail: "" });
    stage.live.stream("one").source?.receiveAge(250);
    stage.live.stream("two").source?.receiveAge(undefined);
    const text = await metricsOf(stage);
    expect(text.match(/^srs_stream_unhealthy.*state="(gop|stall)".*$/gm)).toEqual([
      'srs_stream_unhealthy{vhost="__defaultVhost__",app="live",stream="two",state="gop"} 1',
      'srs_stream_unhealthy{vhost="__defaultVhost__",app="live",stream="two",state="stall"} 0',
      'srs_stream_unhealthy{vhost="",app="",stream="",state="gop"} 2',
      'srs_stream_unhealthy{vhost="",app="",stream="",state="stall"} 0',
    ]);
    // The oldest of the others; nothing of one whose age nobody knows.
    expect(text.match(/^srs_stream_age_seconds.*$/gm)).toEqual([
      'srs_stream_age_seconds{vhost="",app="",stream=""} 0.25',
    ]);
  });

  test("have present numbers at each scrape, changed or not", async () => {
    const stage = stageOf("one", "two");
    const before = await metricsOf(stage);
    stage.player("two");
    stage.health.push({ stream: "__defaultVhost__/live/one", state: "stall", since: 1, detail: "" });
    stage.clock.advance(1000);
    const after = await metricsOf(stage);
    const linesOf = (text: string) => text.split("\n").filter((line) => /^srs_stream_(viewers|unhealthy)/.test(line));
    const changed = linesOf(after).filter((line) => !linesOf(before).includes(line));
    expect(changed.toSorted()).toEqual([
      'srs_stream_unhealthy{vhost="__defaultVhost__",app="live",stream="one",state="stall"} 1',
      'srs_stream_viewers{vhost="__defaultVhost__",app="live",stream="two"} 2',
    ]);
    expect(linesOf(after)).toHaveLength(linesOf(before).length);
  });

  test("escape characters that publishers put into names", async () => {
    const text = await metricsOf(stageOf('a"b\\c\nd'));
    expect(text).toContain('stream="a\\"b\\\\c\\nd"} 1');
  });

  test("name the streams with the most viewers, and add up the others", async () => {
    const stage = stageOf("one", "two", "three");
    stage.player("two");
    stage.config = { ...stage.config, metrics_streams: 1 };
    const viewers = (await metricsOf(stage)).match(/^srs_stream_viewers.*$/gm);
    expect(viewers).toEqual([
      'srs_stream_viewers{vhost="__defaultVhost__",app="live",stream="two"} 2',
      'srs_stream_viewers{vhost="",app="",stream=""} 2',
    ]);
  });

  test("report the lag of servers that streams are sent to, and not of those they are fetched from", async () => {
    const stage = stageOf("show");
    stage.relay({ id: "p1", flow: "pull", to: "origin:1935", lagMs: undefined });
    const lines = (await metricsOf(stage)).split("\n");
    expect(lines.filter((line) => line.startsWith("srs_relay_lag_seconds{")).map((line) => line.split(",")[0])).toEqual(
      ['srs_relay_lag_seconds{flow="push"'],
    );
    expect(lines.filter((line) => line.startsWith("srs_relay_up{"))).toHaveLength(2);
  });

  test("have each series once, even if two targets differ only in their keys", async () => {
    const stage = stageOf("show");
    stage.relay({ id: "f2", bytes: 31, running: true, failing: false });
    const series = (await metricsOf(stage)).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const names = series.map((line) => line.slice(0, line.lastIndexOf(" ")));
    expect(new Set(names).size).toBe(names.length);
    expect(series.find((line) => line.startsWith("srs_relay_bytes_total"))).toEndWith(" 42");
  });

  test("count the delays of the event loop, by a timer that runs from the first reading on", async () => {
    const stage = stageOf();
    const { timers } = stage.clock;
    expect(await metricsOf(stage)).toContain('srs_event_loop_delay_seconds_bucket{le="+Inf"} 0');
    expect(stage.clock.timers).toBe(timers + 1);
    stage.clock.advance(1000);
    stage.clock.spend(300);
    stage.clock.advance(1000);
    const text = await metricsOf(stage);
    expect(text).toMatch(/srs_event_loop_delay_seconds_bucket\{le="0.002"\} [4-9]/);
    expect(text).toMatch(/srs_event_loop_delay_seconds_bucket\{le="\+Inf"\} [5-9]/);
  });

  test.skipIf(promtool === undefined)("are accepted by promtool", async () => {
    const stage = stageOf("show", 'quote"', "line\nend");
    stage.relay({ to: 'edge"\n:1935', stream: '__defaultVhost__/live/a"\\b' });
    stage.transcoder({ engines: 'sd"\n' });
    stage.origins.push({ vhost: 'v"', origin: "o\n:1935", state: "dead", lastError: "timeout", retryInMs: 5 });
    const text = await metricsOf(stage);
    const child = Bun.spawn([promtool ?? "", "check", "metrics"], {
      stdin: new Blob([text]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const said = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
    expect({ exit: await child.exited, said }).toEqual({ exit: 0, said: "" });
  });
});

test("The buckets of a histogram are cumulative", () => {
  const text = new PrometheusText();
  text.histogram("h_seconds", "Help\nof two lines.", [1, 2], [3, 4, 5], 9.5);
  expect(new TextDecoder().decode(text.bytes)).toBe(
    '# HELP h_seconds Help\\nof two lines.\n# TYPE h_seconds histogram\nh_seconds_bucket{le="1"} 3\nh_seconds_bucket{le="2"} 7\nh_seconds_bucket{le="+Inf"} 12\nh_seconds_sum 9.5\nh_seconds_count 12\n',
  );
});
