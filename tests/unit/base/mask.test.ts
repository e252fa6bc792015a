import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { maskName, maskText } from "../../../src/base/mask.ts";
import { SLACK_MS } from "../../support/limits.ts";

test.each([
  ["rtmp://a.rtmp.youtube.com/live2/abcd-efgh is in use", "rtmp://a.rtmp.youtube.com/live2/*** is in use"],
  ["rtmp://h:1935/live", "rtmp://h:1935/live"],
  ["rtmp://h/live/ and rtmps://[::1]:443/a/b/c", "rtmp://h/live/ and rtmps://[::1]:443/a/***"],
  ["redis://u:p@h:6379: no answer; rtmp://h: none", "redis://***@h:6379: no answer; rtmp://h: none"],
  ["(rtmp://h:1935), rtmp://h:1935,KEY", "(rtmp://h:1935), rtmp://h:1935?***"],
  ["rtmp://u:p@h/live?k=v failed", "rtmp://***@h/live?*** failed"],
  ["rtmp://h/live...vhost...v...key=secret/x", "rtmp://h/live?***"],
  ["https://hooks.example.com/services/T0/KEY", "https://hooks.example.com/services/***"],
  ['bad name "live/stream?key=a b" here', 'bad name "live/stream?***" here'],
  ['"rtmp://h/live/key": no', '"rtmp://h/live/***": no'],
  ["/live/s?abc is busy", "/live/s?*** is busy"],
  ["wrong stream key: abcd", "wrong stream key: ***"],
  ["password: mustard was wrong", "password: *** was wrong"],
  ["key=must be", "key=*** be"],
  ["sign=0a1b, expired", "sign=***, expired"],
  ['{"key":"abc","token": "d"}', '{"key":"***","token": "***"}'],
  ["txSecret=abc&txTime=1", "txSecret=***"],
  ["Authorization: Bearer abcdefgh", "Authorization: Bearer ***"],
  ["code=403 need auth; authmod=adobe : ?reason=needauth&user=x", "code=403 need auth; authmod=adobe : ?***"],
])("the text %s is shown as %s", (text, shown) => {
  expect(maskText(text)).toBe(shown);
});

test.each([
  "stream is busy",
  "is it? yes",
  "Unable to map channel '?' to a layout",
  'unknown key; did you mean "gop_cache"?',
  "cannot listen on [::]:1935: address already in use",
  "no key frame: none came",
  "x.toml:3: rtmps.key: must be the path of a file, not 5",
  "x.toml:2: cluster.secret: set secret or secret_file, not both",
  "redis://a:6379: no answer within 1500 ms",
  "127.0.0.1:1935/live2",
  "c1 [abc] a...b",
  "FMLE/3.0 (compatible; FMSc/1.0)",
])("%s has nothing to hide", (text) => {
  expect(maskText(text)).toBe(text);
  expect(maskName(text)).toBe(text);
});

test.each([
  ["/live/s?a=b c d", "/live/s?***"],
  ["live,vhost=v,x", "live?***"],
  ["live&&vhost=v", "live?***"],
  ["live...domain...v", "live?***"],
  ["live/a&k=v w", "live/a?***"],
  ["live/a#k=v w", "live/a?***"],
  ["rtmp://h/app?vhost=x y", "rtmp://h/app?***"],
])("the name %s is shown as %s", (name, shown) => {
  expect(maskName(name)).toBe(shown);
});

test("masking takes little time for any text", () => {
  const hostile = ["?", "#", "&a", "key", "a.-", '"', "...vhost", "rtmp://", "key=", "://"];
  for (const part of hostile) {
    const before = performance.now();
    // In proportion to its length it takes milliseconds, and more than that minutes.
    for (const end of ["", "=", " ?k=v"]) maskText(part.repeat(65_536) + end);
    expect(performance.now() - before).toBeLessThan(SLACK_MS);
  }
});

test("masked text stays as it is when it is masked again", () => {
  const part = fc.constantFrom(
    "rtmp://",
    "h",
    "/live",
    "?key=a",
    "&b=c",
    " ",
    '"',
    "token: x",
    "...vhost...",
    ":",
    "=",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const once = maskText(parts.join(""));
      expect(maskText(once)).toBe(once);
    }),
    { seed: 5, numRuns: 500 },
  );
});

describe("wherever a key stands, it is not shown:", () => {
  const key = fc
    .stringMatching(/^[A-Za-z0-9_.~%+=-]{8,24}$/)
    .filter((text) => /[A-Za-z0-9]{4}/.test(text))
    .map((text) => `K${text}Z`);
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
  const spaces = fc.constantFrom("", " ", "  ");

  test.each([
    ["as a URL's last level", (host: string, app: string, secret: string) => `rtmps://${host}:443/${app}/${secret}`],
    ["as a parameter", (host: string, app: string, secret: string) => `rtmp://${host}/${app}?${app}=${secret}`],
    ["as the only parameter", (_: string, app: string, secret: string) => `/${app}/show?${secret}`],
    ["as one of several", (_: string, app: string, secret: string) => `${app}?a=1&b=2&${app}=${secret}&c=3`],
    ["behind a vhost", (host: string, app: string, secret: string) => `${app}...vhost...${host}...k=${secret}`],
    ["behind a vhost by comma", (host: string, app: string, secret: string) => `${app},vhost=${host}/${secret}`],
    ["as a password", (host: string, app: string, secret: string) => `rtmp://${app}:${secret}@${host}/live`],
    ["by name", (_: string, app: string, secret: string) => `${app}_key=${secret}`],
    ["by name, in JSON", (_: string, app: string, secret: string) => `{"${app}Token": "${secret}"}`],
  ])("%s", (_, write) => {
    fc.assert(
      fc.property(word, word, key, word, spaces, (host, app, secret, around, space) => {
        const said = write(host, app, secret);
        for (const text of [
          said,
          `${around} ${said}${space}`,
          `${around}: "${said}" ${around}`,
          `(${said}) ${around}`,
        ]) {
          expect(maskText(text)).not.toInclude(secret);
        }
        expect(maskName(said)).not.toInclude(secret);
      }),
      { seed: 9, numRuns: 100 },
    );
  });
});
