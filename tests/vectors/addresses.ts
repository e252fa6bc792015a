/** What a client says, and the address it means. */
export interface AddressVector {
  readonly name: string;
  readonly tcUrl: string | undefined;
  readonly app: string | undefined;
  readonly playPath: string;
  /** vhost, app, stream, parameters. */
  readonly address: readonly [string, string, string, string];
}

const vector = (
  name: string,
  tcUrl: string | undefined,
  app: string | undefined,
  playPath: string,
  address: readonly [string, string, string, string],
): AddressVector => ({ name, tcUrl, app, playPath, address });

/** `connect` with a tcUrl on host `h`, and `app` as every client derives it. */
const at = (name: string, place: string, playPath: string, address: AddressVector["address"]): AddressVector =>
  vector(name, `rtmp://h/${place}`, place, playPath, address);

/** Spellings that SRS (1.0 to 7), FMLE, OBS and Flash clients made common. */
export const addressVectors: readonly AddressVector[] = [
  at("app and stream", "live", "s", ["h", "live", "s", ""]),
  at("parameters of the stream", "live", "s?k=1&t=2", ["h", "live", "s", "?k=1&t=2"]),
  at("parameters of the app", "live?k=1", "s", ["h", "live", "s", "?k=1"]),
  at("parameters of both, in order", "live?k=1", "s?t=2", ["h", "live", "s", "?k=1&t=2"]),
  at("vhost with the app", "live?vhost=v.com", "s", ["v.com", "live", "s", ""]),
  at("vhost with the stream", "live", "s?vhost=v.com", ["v.com", "live", "s", ""]),
  at("vhost among parameters", "live?a=1&vhost=v.com&b=2", "s?c=3", ["v.com", "live", "s", "?a=1&b=2&c=3"]),
  at("domain", "live?domain=v.com", "s", ["v.com", "live", "s", ""]),
  at("vhost before domain", "live?domain=d.com", "s?vhost=v.com", ["v.com", "live", "s", ""]),
  at("the app's vhost before the stream's", "live?vhost=a.com", "s?vhost=b.com", ["a.com", "live", "s", ""]),
  at("the default vhost asks for none", "live?vhost=__defaultVhost__", "s", ["h", "live", "s", ""]),
  at("domain where vhost asks for none", "live?vhost=__defaultVhost__&domain=d", "s", ["d", "live", "s", ""]),
  at("an empty vhost", "live?vhost=", "s", ["h", "live", "s", ""]),
  at("dots around vhost", "live...vhost...v.com", "s", ["v.com", "live", "s", ""]),
  at("dots around vhost, with a parameter", "live...vhost...v.com?k=1", "s", ["v.com", "live", "s", "?k=1"]),
  at("dots around vhost in the name", "a/b", "c...vhost...v.com/s", ["v.com", "a/b/c", "s", ""]),
  at("dots around domain", "live...domain...v.com", "s", ["v.com", "live", "s", ""]),
  at("dots, then an equals sign", "live...vhost=v.com", "s", ["v.com", "live", "s", ""]),
  at("a comma before vhost", "live,vhost=v.com", "s", ["v.com", "live", "s", ""]),
  at("commas around vhost", "live,vhost,v.com", "s", ["v.com", "live", "s", ""]),
  at("a comma after vhost", "live,vhost=v.com,token=1", "s", ["v.com", "live", "s", "?token=1"]),
  at("two ampersands before vhost", "live&&vhost=v.com", "s", ["v.com", "live", "s", ""]),
  at("dots after a question mark", "live?k=1...vhost...v.com", "s", ["v.com", "live", "s", "?k=1"]),
  at("a second question mark", "live?vhost=v.com?k=1", "s", ["v.com", "live", "s", "?k=1"]),
  at("vhost after a second question mark", "live?k=1?vhost=v.com", "s", ["v.com", "live", "s", "?k=1"]),
  at("a question mark within a value", "live", "s?u=http://x/y?z=1", ["h", "live", "s", "?u=http://x/y?z=1"]),
  at("slashes within the stream's value", "live", "s?sign=a/b//c==&t=1", ["h", "live", "s", "?sign=a/b//c==&t=1"]),
  at("slashes within the app's value", "live?sign=a/b", "s", ["h", "live", "s", "?sign=a/b"]),
  at("a fragment", "live", "s#k=1", ["h", "live", "s", "?k=1"]),
  at("a fragment after parameters", "live", "s?a=1#b", ["h", "live", "s", "?a=1&b"]),
  at("a fragment of the app", "live#vhost=v.com", "s", ["v.com", "live", "s", ""]),
  at("empty parameters", "live?", "s?&&a=1&", ["h", "live", "s", "?a=1"]),
  at("app of several levels", "a/b/c", "s", ["h", "a/b/c", "s", ""]),
  at("name of several levels", "live", "x/y?k=v", ["h", "live/x", "y", "?k=v"]),
  at("both of several levels", "live/a/b", "x/y?k=v", ["h", "live/a/b/x", "y", "?k=v"]),
  at("several levels, parameters between", "a/b?k=1", "s", ["h", "a/b", "s", "?k=1"]),
  at("parameters between, then several levels", "a?k=1", "x/y", ["h", "a/x", "y", "?k=1"]),
  at("default instance", "live/_definst_", "s", ["h", "live", "s", ""]),
  at("default instance before parameters", "live/_definst_?vhost=v", "s", ["v", "live", "s", ""]),
  at("default instance in the name", "live", "_definst_/s", ["h", "live", "s", ""]),
  at("doubled slashes", "/live//a/", "//s", ["h", "live/a", "s", ""]),
  at("spaces around", " live ", " s ?k=1 ", ["h", "live", "s", "?k=1"]),
  at("spaces inside", "live", "my stream", ["h", "live", "my stream", ""]),
  at("names of other scripts", "直播", "流é", ["h", "直播", "流é", ""]),
  at("percent signs stay", "live", "a%20b%2Fc", ["h", "live", "a%20b%2Fc", ""]),
  at("container prefix and ending", "live", "mp4:s.mp4", ["h", "live", "s", ""]),
  at("container prefix of the first of several levels", "live", "mp4:a/s.mp4", ["h", "live/a", "s", ""]),
  at("container prefix in the app", "live/mp4:a", "mp4:s", ["h", "live/a", "s", ""]),
  at("container prefixes", "live", "mp4: flv:s", ["h", "live", "s", ""]),
  at("container endings", "live", "s.flv .mp4", ["h", "live", "s", ""]),
  at("container ending before parameters", "live", "s.flv?k=1", ["h", "live", "s", "?k=1"]),
  at("container ending of the app", "live.flv", "s", ["h", "live.flv", "s", ""]),
  at("another prefix and another ending", "live", "hls:s.ts", ["h", "live", "hls:s.ts", ""]),
  at("a prefix and an ending in capitals", "live", "MP4:s.MP4", ["h", "live", "MP4:s.MP4", ""]),
  at("an ending alone", "live", ".flv", ["h", "live", ".flv", ""]),
  at("the default instance with an ending", "live", "_definst_.flv", ["h", "live", "_definst_.flv", ""]),
  at("an ampersand in the name", "live/a", "tom&jerry", ["h", "live/a", "tom&jerry", ""]),
  at("commas and dots in the name", "live", "a,b...c", ["h", "live", "a,b...c", ""]),
  at("no name, its URL in the app", "live/s", "", ["h", "live", "s", ""]),
  at("no name, parameters in the app", "live/s?k=1", "", ["h", "live", "s", "?k=1"]),
  at("no name, FMLE's order in the app", "live?vhost=v/s", "", ["v", "live", "s", ""]),
  at("no name, behind a parameter", "live?k=1/s", "", ["h", "live", "s", "?k=1"]),
  at("name as a parameter", "live-bvc", "?streamname=x&key=1", ["h", "live-bvc", "x", "?streamname=x&key=1"]),
  at("name as a parameter of the app", "live-bvc/?streamname=x", "", ["h", "live-bvc", "x", "?streamname=x"]),
  at("a parameter called streamname", "live", "s?streamname=x", ["h", "live", "s", "?streamname=x"]),
  at("one level in the app", "s", "", ["h", "__defaultApp__", "s", ""]),
  at("one level in the app, parameters behind it", "s?k=1", "", ["h", "__defaultApp__", "s", "?k=1"]),
  at("one level in the app, parameters as the name", "s", "?k=1", ["h", "__defaultApp__", "s", "?k=1"]),
  at("one level in the app, a vhost behind it", "s?vhost=v", "", ["v", "__defaultApp__", "s", ""]),
  at("one level and the default instance", "s", "_definst_", ["h", "__defaultApp__", "s", ""]),
  vector("the stream's URL as tcUrl", "rtmp://h/live/s", "live", "s", ["h", "live", "s", ""]),
  vector("the stream's URL as tcUrl, app of two levels", "rtmp://h/a/b/c/s", "a/b", "c/s", ["h", "a/b/c", "s", ""]),
  vector("the stream's URL as tcUrl, no app", "rtmp://h/s", "", "s", ["h", "__defaultApp__", "s", ""]),
  vector("the stream's URL as tcUrl, parameters there", "rtmp://h/live/s?k=1", "live", "s", ["h", "live", "s", "?k=1"]),
  vector("the stream's URL as tcUrl, parameters in both", "rtmp://h/live/s?k=1", "live", "s?k=1", [
    "h",
    "live",
    "s",
    "?k=1",
  ]),
  vector("the stream's URL as tcUrl, an ending there", "rtmp://h/live/s.mp4", "live", "mp4:s", ["h", "live", "s", ""]),
  vector("the stream's URL as tcUrl, a vhost within", "rtmp://h/live?vhost=v/s", "live", "s", ["v", "live", "s", ""]),
  vector("a name that is the app's last level", "rtmp://h/live/s", "live/s", "s", ["h", "live/s", "s", ""]),
  vector("no app", "rtmp://h", "", "s", ["h", "__defaultApp__", "s", ""]),
  vector("no app but a slash", "rtmp://h/", undefined, "s", ["h", "__defaultApp__", "s", ""]),
  vector("no app, a name of two levels", "rtmp://h", "", "live/s", ["h", "live", "s", ""]),
  vector("no app but a vhost", "rtmp://h?vhost=v", "", "s", ["v", "__defaultApp__", "s", ""]),
  vector("app only in its field", "rtmp://h", "live?k=1", "s", ["h", "live", "s", "?k=1"]),
  vector("app in its field, vhost in the URL", "rtmp://h/?vhost=v", "live", "s", ["v", "live", "s", ""]),
  vector("no tcUrl", undefined, "live?k=1", "s", ["__defaultVhost__", "live", "s", "?k=1"]),
  vector("no tcUrl, vhost in the app", undefined, "live,vhost=v", "s", ["v", "live", "s", ""]),
  vector("a tcUrl that is none", "live", "live", "s", ["__defaultVhost__", "live", "s", ""]),
  vector("the tcUrl's app wins", "rtmp://h/one", "two", "s", ["h", "one", "s", ""]),
  vector("port", "rtmp://h.com:19350/live", "live", "s", ["h.com", "live", "s", ""]),
  vector("TLS", "rtmps://h.com:443/live", "live", "s", ["h.com", "live", "s", ""]),
  vector("scheme in capitals", "RTMP://h/live", "live", "s", ["h", "live", "s", ""]),
  vector("IPv4", "rtmp://10.0.0.1:1935/live", "live", "s", ["10.0.0.1", "live", "s", ""]),
  vector("IPv6", "rtmp://[fe80::1]/live", "live", "s", ["[fe80::1]", "live", "s", ""]),
  vector("IPv6 and port", "rtmp://[::1]:1936/live", "live", "s", ["[::1]", "live", "s", ""]),
  vector("user and password", "rtmp://u:p@h:1935/live", "live", "s", ["h", "live", "s", ""]),
  vector("no host", "rtmp:///live", "live", "s", ["__defaultVhost__", "live", "s", ""]),
  vector("spaces around the URL", "  rtmp://h/live ", "live", "s", ["h", "live", "s", ""]),
];

/**
 * One URL, cut as FFmpeg 5.1.9 and rtmpdump 2.4 cut it (captured on loopback). The cuts differ; the address must not.
 */
export const cutVectors: readonly {
  readonly path: string;
  /** app and name of FFmpeg, then those of rtmpdump. */
  readonly cuts: readonly (readonly [string, string])[];
  readonly address: AddressVector["address"];
}[] = [
  { path: "live/s", cuts: [["live", "s"]], address: ["h", "live", "s", ""] },
  { path: "live/a/b", cuts: [["live/a", "b"]], address: ["h", "live/a", "b", ""] },
  {
    path: "a/b/c/d",
    cuts: [
      ["a/b", "c/d"],
      ["a/b/c", "d"],
    ],
    address: ["h", "a/b/c", "d", ""],
  },
  {
    path: "a/b/c?vhost=v.com/s",
    cuts: [
      ["a/b", "c?vhost=v.com/s"],
      ["a/b/c?vhost=v.com", "s"],
    ],
    address: ["v.com", "a/b/c", "s", ""],
  },
  {
    path: "a/b/c...vhost...v.com/s?k=1",
    cuts: [
      ["a/b", "c...vhost...v.com/s?k=1"],
      ["a/b/c...vhost...v.com", "s?k=1"],
    ],
    address: ["v.com", "a/b/c", "s", "?k=1"],
  },
  { path: "app?vhost=v.com/s", cuts: [["app?vhost=v.com", "s"]], address: ["v.com", "app", "s", ""] },
  { path: "app?vhost=v.com/a/s", cuts: [["app?vhost=v.com/a", "s"]], address: ["v.com", "app/a", "s", ""] },
  { path: "/live/s", cuts: [["/live", "s"]], address: ["h", "live", "s", ""] },
  { path: "live//s", cuts: [["live/", "s"]], address: ["h", "live", "s", ""] },
  { path: "app...vhost...v.com/s", cuts: [["app...vhost...v.com", "s"]], address: ["v.com", "app", "s", ""] },
  { path: "app,vhost=v.com/s", cuts: [["app,vhost=v.com", "s"]], address: ["v.com", "app", "s", ""] },
  { path: "app/_definst_/s", cuts: [["app/_definst_", "s"]], address: ["h", "app", "s", ""] },
  { path: "a/b/s?k=v", cuts: [["a/b", "s?k=v"]], address: ["h", "a/b", "s", "?k=v"] },
  // The last of these cuts is OBS's: it sends its two fields as they are.
  {
    path: "one",
    cuts: [
      ["one", ""],
      ["", "one"],
    ],
    address: ["h", "__defaultApp__", "one", ""],
  },
  {
    path: "live/x.flv",
    cuts: [
      ["live", "x"],
      ["live", "x.flv"],
    ],
    address: ["h", "live", "x", ""],
  },
  {
    path: "live/x.flv?k=1",
    cuts: [
      ["live", "x.flv?k=1"],
      ["live", "x?k=1"],
    ],
    address: ["h", "live", "x", "?k=1"],
  },
  {
    path: "live/x.mp4",
    cuts: [
      ["live", "mp4:x.mp4"],
      ["live", "mp4:x"],
      ["live", "x.mp4"],
    ],
    address: ["h", "live", "x", ""],
  },
  {
    path: "live/x.mp3",
    cuts: [
      ["live", "x.mp3"],
      ["live", "mp3:x"],
    ],
    address: ["h", "live", "x", ""],
  },
  {
    path: "a/b/c/x.mp4",
    cuts: [
      ["a/b", "mp4:c/x.mp4"],
      ["a/b/c", "mp4:x"],
      ["a/b/c", "x.mp4"],
    ],
    address: ["h", "a/b/c", "x", ""],
  },
  {
    path: "app/mp4:a/b.mp4",
    cuts: [
      ["app", "mp4:a/b.mp4"],
      ["app/mp4:a", "mp4:b"],
    ],
    address: ["h", "app/a", "b", ""],
  },
  { path: "live/s#f", cuts: [["live", "s#f"]], address: ["h", "live", "s", "?f"] },
  {
    path: "live-bvc/?streamname=x&key=1",
    cuts: [["live-bvc", "?streamname=x&key=1"]],
    address: ["h", "live-bvc", "x", "?streamname=x&key=1"],
  },
  { path: "app?a=b/c/s?x=1", cuts: [["app?a=b/c", "s?x=1"]], address: ["h", "app", "s", "?a=b/c&x=1"] },
  {
    // OBS has two fields, and cuts between them.
    path: "live/s?sign=ab/cd&t=1",
    cuts: [
      ["live/s?sign=ab", "cd&t=1"],
      ["live", "s?sign=ab/cd&t=1"],
    ],
    address: ["h", "live", "s", "?sign=ab/cd&t=1"],
  },
];

/** Names that are refused, and the reason that the peer is told. */
export const refusedAddresses: readonly {
  readonly name: string;
  readonly place: string;
  readonly playPath: string;
  readonly reason: string;
}[] = [
  { name: "nothing at all", place: "", playPath: "", reason: "the stream name is missing" },
  { name: "parameters without a stream", place: "", playPath: "?k=1", reason: "the stream name is missing" },
  { name: "only the default instance", place: "_definst_", playPath: "", reason: "the stream name is missing" },
  { name: "only a container prefix", place: "", playPath: "mp4:", reason: "the stream name is missing" },
  {
    name: "a way up behind a prefix",
    place: "live",
    playPath: "mp4:../flv:..",
    reason: '"live/../.." has a level of dots only',
  },
  {
    name: "a long stream name",
    place: "live",
    playPath: "s".repeat(1025),
    reason: "too many characters in the stream name: 1025, 1024 allowed",
  },
  {
    name: "a long app",
    place: "a".repeat(1025),
    playPath: "s",
    reason: "too many characters in the app: 1025, 1024 allowed",
  },
  {
    name: "long parameters",
    place: "live",
    playPath: `s?${"k".repeat(4096)}`,
    reason: "too many characters in the parameters: 4097, 4096 allowed",
  },
  {
    name: "a long vhost",
    place: "live",
    playPath: `s?vhost=${"v".repeat(256)}`,
    reason: "too many characters in the vhost: 256, 255 allowed",
  },
  {
    name: "a name beyond all measure",
    place: "live",
    playPath: "s".repeat(9000),
    reason: "too many characters in the URL: 9000, 8192 allowed",
  },
  { name: "a line feed", place: "live", playPath: "a\nb", reason: "a control character in the stream name" },
  { name: "a zero byte", place: "li\0ve", playPath: "s", reason: "a control character in the app" },
  { name: "an escape", place: "live", playPath: "s?k=\u001b[2J", reason: "a control character in the parameters" },
  { name: "a way up", place: "live/..", playPath: "s", reason: '"live/../s" has a level of dots only' },
  { name: "a way up as the name", place: "live", playPath: "..", reason: '"live/.." has a level of dots only' },
  { name: "a vhost with a space", place: "live?vhost=a b", playPath: "s", reason: '"a b" is not a vhost' },
];
