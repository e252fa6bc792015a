import { expect, test } from "bun:test";
import { UserError } from "../../../src/base/errors.ts";
import {
  maskTarget,
  namesToForward,
  parseTarget,
  targetIdentity,
  targetLabel,
  targetNames,
  targetSecrets,
} from "../../../src/relay/target.ts";

const published = { vhost: "example.com", app: "live", stream: "show", param: "?token=a%20b&x=1" };

test.each([
  ["192.168.1.6", "192.168.1.6", 1935],
  ["192.168.1.6:1936", "192.168.1.6", 1936],
  ["[::1]:1936", "::1", 1936],
  ["rtmp://edge.example.com", "edge.example.com", 1935],
  ["RTMP://edge.example.com:80/", "edge.example.com", 80],
  ["rtmp://[::1]:80/", "::1", 80],
] as const)("%s gets the publisher's own names, vhost and parameters", (text, host, port) => {
  const target = parseTarget(text);
  expect(target).toMatchObject({ text, host, port });
  expect(targetNames(target, published)).toEqual(published);
});

test.each([
  ["rtmp://h/live/key", "live", "key", ""],
  ["rtmp://h/a/b/key", "a/b", "key", ""],
  ["rtmp://h/app", "app", "show", "?token=a%20b&x=1"],
  ["rtmp://h/app/", "app", "show", "?token=a%20b&x=1"],
  ["rtmp://h/[app]2/[vhost]_[stream]", "live2", "example.com_show", ""],
  ["rtmp://h/live/key?a=b&c=/d?e", "live", "key", "?a=b&c=/d?e"],
  ["rtmp://h/live/[stream]?[param]", "live", "show", "?token=a%20b&x=1"],
  ["rtmp://h/live/[stream]?key=1&[param]", "live", "show", "?key=1&token=a%20b&x=1"],
  ["rtmp://h/live/[stream]?", "live", "show", ""],
  ["rtmp://h/live-bvc/?streamname=[stream]&key=y", "live-bvc", "", "?streamname=show&key=y"],
] as const)("%s names app, stream and parameters", (text, app, stream, param) => {
  expect(targetNames(parseTarget(text), published)).toEqual({ vhost: undefined, app, stream, param });
});

test("without parameters of the publisher, the placeholder becomes empty", () => {
  const names = { ...published, param: "" };
  expect(targetNames(parseTarget("rtmp://h/live/[stream]?[param]"), names).param).toBe("");
  expect(targetNames(parseTarget("rtmp://h/live/[stream]?[param]&key=1"), names).param).toBe("?key=1");
});

test.each([
  ["rtmp://h", "?token=1&v%68ost=vip&a=b...vhost...vip", "?token=1"],
  ["rtmp://h/app", "?token=1&Domain=vip", "?token=1"],
  ["rtmp://h/live/[stream]?key=1&[param]", "?key=2&token=1", "?key=1&token=1"],
  ["rtmp://h/live-bvc/?streamname=[stream]&[param]", "?stream%6eame=vip&token=1", "?streamname=show&token=1"],
  ["rtmp://h/live/[stream]?vhost=own.com&[param]", "?VHOST=vip&token=1", "?vhost=own.com&token=1"],
])(
  "at %s, a publisher's parameters %s can't take the place of the target's own, or name a vhost",
  (text, param, told) => {
    expect(targetNames(parseTarget(text), { ...published, param }).param).toBe(told);
  },
);

test.each([
  ["rtmp://cdn.example.com/live", "?token=a"],
  ["rtmp://cdn.example.com/live/[stream]", ""],
  ["rtmp://cdn.example.com/live/[stream]?[param]", "?exp=1798761600&token=a&addr=192.0.2.7&sign=89e0"],
  ["192.168.1.6", "?exp=1798761600&token=a&addr=192.0.2.7&sign=89e0"],
])("%s gets these of a signed URL's parameters: %s", (text, param) => {
  const target = parseTarget(text);
  const signed = { ...published, param: "?exp=1798761600&token=a&addr=192.0.2.7&sign=89e0" };
  expect(targetNames(target, namesToForward(target, signed)).param).toBe(param);
});

test("a target with an app of its own gets parameters that are no signature of this server", () => {
  const target = parseTarget("rtmp://cdn.example.com/live");
  const others = { ...published, param: "?exp=1798761600&auth=7" };
  expect(namesToForward(target, others)).toEqual(others);
  expect(namesToForward(target, { ...published, param: "?sign=7&exp=1" }).param).toBe("");
});

test("a stream name cannot add a parameter", () => {
  const names = { ...published, stream: "a&admin=1" };
  expect(targetNames(parseTarget("rtmp://h/live/x?from=[stream]"), names).param).toBe("?from=a%26admin%3D1");
});

test.each([
  ["srt://h:9000", "only rtmp:// and rtmps:// targets are supported"],
  ["h/live/key", "a target with an app begins with rtmp://"],
  ["rtmp://user:pass@h/live", "a user and a password are not supported"],
  ["rtmp://[vhost]/live/[stream]", "the host takes no placeholder"],
  ["rtmp://h/live/[name]", "unknown placeholder [name]; allowed: [vhost] [app] [stream]"],
  ["rtmp://h/live/[stream]?[key]", "unknown placeholder [key]; allowed: [vhost] [app] [stream] [param]"],
  ["rtmp://h/live/[stream][param]", "[param] comes after a question mark: [stream]?[param]"],
  ["rtmp://h/live?vhost=v/key", "parameters come after the stream name, rtmp://host/app/stream?params"],
  ["rtmp://h//key", "empty name between slashes"],
  ["rtmp://:80/live", '":80" has no host'],
  ["h:0", '"0" is not a port, 1 to 65535'],
  ["", "a target must not be empty"],
  ["a b", 'a target has no spaces; write several targets as a list, ["a", "b"]'],
])("%s is refused", (text, message) => {
  expect(() => parseTarget(text)).toThrow(new UserError(message));
});

test("spellings of one target have one identity, and other streams have another", () => {
  const identity = (text: string) => targetIdentity(parseTarget(text));
  expect(identity("rtmp://A:1935/")).toBe(identity("a"));
  expect(identity("rtmp://a/live")).not.toBe(identity("a"));
  expect(identity("rtmp://a/live/x")).not.toBe(identity("rtmp://a/live/y"));
});

test.each([
  ["edge", "edge"],
  ["rtmp://h/app", "rtmp://h/app"],
  ["rtmp://h/app/[stream]?[param]", "rtmp://h/app/[stream]?[param]"],
  ["rtmp://live.example.com/live/secret", "rtmp://live.example.com/live/***"],
  ["rtmp://h/live/[stream]?key=secret", "rtmp://h/live/***"],
  ["rtmp://h/app/?streamname=a&key=secret", "rtmp://h/app/***"],
  ["rtmp://h/app/secret/[stream]?[param]", "rtmp://h/app/***"],
  ["rtmp://h/app/[vhost]/secret/show", "rtmp://h/app/[vhost]/***"],
  ["rtmp://h/[vhost]/[app]/[stream]", "rtmp://h/[vhost]/[app]/[stream]"],
])("%s is shown to others as %s", (text, shown) => {
  expect(maskTarget(parseTarget(text))).toBe(shown);
});

test("a key in a path level after the first is neither in a target's label nor in its log lines", () => {
  const target = parseTarget("rtmp://h/app/secret-key/[stream]");
  expect(targetLabel(target)).toBe("h:1935/app/***");
  const secrets = targetSecrets(targetNames(target, published), published);
  expect(secrets.hide("app/secret-key/show of h/app has no show")).toBe("app/***/show of h/app has no show");
  const cluster = parseTarget("rtmp://h/[vhost]/[app]/[stream]");
  const open = targetSecrets(targetNames(cluster, { ...published, param: "" }), { ...published, param: "" });
  expect(open.texts).toEqual([]);
});

test("rtmps:// means TLS on port 443, and another target than the same host without it", () => {
  const target = parseTarget("RTMPS://live.example.com/app/key");
  expect(target).toMatchObject({ tls: true, host: "live.example.com", port: 443 });
  expect(targetLabel(target)).toBe("rtmps://live.example.com:443/app");
  expect(parseTarget("rtmps://h:1443")).toMatchObject({ tls: true, port: 1443, app: undefined });
  expect(parseTarget("h:443").tls).toBe(false);
  expect(targetIdentity(parseTarget("rtmps://h"))).not.toBe(targetIdentity(parseTarget("rtmp://h:443")));
});
