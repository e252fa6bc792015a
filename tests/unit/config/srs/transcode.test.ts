import { expect, test } from "bun:test";
import { parseConfig } from "../../../../src/app/config/index.ts";

/** The engines of a vhost in SRS's syntax. */
function engines(body: string) {
  return parseConfig(`listen 1935; vhost __defaultVhost__ { ${body} }`, "srs.conf").vhost.get("__defaultVhost__")
    ?.transcode;
}

const ENGINE = `
  enabled on;
  vfilter { i logo.png; filter_complex 'overlay=10:10'; }
  vcodec libx264; vbitrate 500; vfps 25; vwidth 768; vheight 320; vthreads 12; vprofile main; vpreset medium;
  vparams { coder 1; b_strategy 2; }
  acodec aac; abitrate 70; asample_rate 44100; achannels 2; aparams { profile:a aac_low; }
  output rtmp://127.0.0.1:[port]/[app]?vhost=[vhost]/[stream]_[engine];
`;

test("transcode's engines are read as they are", () => {
  const found = engines(
    `transcode live/livestream { enabled on; ffmpeg /opt/ffmpeg; engine ff { perfile { re; } ${ENGINE} } }`,
  );
  expect(found?.get("live-livestream-ff")).toMatchObject({
    streams: ["live/livestream"],
    ffmpeg: "/opt/ffmpeg",
    inputs: ["logo.png"],
    filter_complex: "overlay=10:10",
    vcodec: "libx264",
    vbitrate: 500,
    vfps: 25,
    width: 768,
    height: 320,
    vthreads: 12,
    vprofile: "main",
    vpreset: "medium",
    vparams: ["coder 1", "b_strategy 2"],
    acodec: "aac",
    abitrate: 70,
    asample_rate: 44100,
    achannels: 2,
    aparams: ["profile:a aac_low"],
    perfile: ["re"],
    output: [{ kind: "stream", text: "[vhost]/[app]/[stream]_ff" }],
  });
});

test.each([
  ["rtmp://127.0.0.1:[port]/[app]?vhost=[vhost]/[stream]_[engine]", "[vhost]/[app]/[stream]_e"],
  ["rtmp://127.0.0.1:[port]/[app]/[stream]_[engine]?vhost=[vhost]", "[vhost]/[app]/[stream]_e"],
  ["rtmp://localhost/[app]/[stream]_x", "__defaultVhost__/[app]/[stream]_x"],
  ["rtmp://10.0.0.1:1936/[app]/[stream]", "rtmp://10.0.0.1:1936/[app]/[stream]"],
  ["rtmp://127.0.0.1:[port]/[app]/[stream]_copy[param]", "__defaultVhost__/[app]/[stream]_copy"],
])("the output %s is %s", (output, expected) => {
  const found = engines(`transcode { enabled on; engine e { enabled on; output ${output}; } }`);
  expect(found?.get("e")?.output[0]?.text).toBe(expected);
});

test("scopes are patterns of streams, and vn and an leave a track out", () => {
  const body = "enabled on; vcodec vn; acodec aac; output rtmp://localhost/a/[stream]_x;";
  const found = engines(
    `transcode live { enabled on; engine e { ${body} } } transcode { enabled on; engine e { ${body} } }`,
  );
  expect([...(found ?? [])].map(([name, { streams, vcodec }]) => [name, streams, vcodec])).toEqual([
    ["live-e", ["live/*"], "none"],
    ["e", ["*"], "none"],
  ]);
});

test("transcode blocks that are switched off have no effect", () => {
  expect(engines(`transcode { enabled off; engine e { ${ENGINE} } }`)?.size).toBe(0);
  expect(engines("transcode { enabled on; engine e { vcodec nonsense!; } }")?.size).toBe(0);
});

test("unknown directives in transcode blocks are errors", () => {
  expect(() => engines("transcode { enabled on; engine e { enabled on; vcodek x; } }")).toThrow(
    "unknown directive of transcode",
  );
});
