import { expect, test } from "bun:test";
import { parseConfig } from "../../../../src/app/config/index.ts";
import { Vhosts } from "../../../../src/app/vhosts.ts";
import { UserError } from "../../../../src/base/errors.ts";
import { checkSignature } from "../../../../src/features/security/signature.ts";
import { type SignOptions, signedUrl } from "../../../../src/features/security/signed-url.ts";
import { resolve, splitStreamUrl } from "../../../../src/rtmp/address.ts";
import { accessRequest } from "../../../support/access.ts";
import { signedUrls } from "../../../vectors/signed-urls.ts";

const [{ key, hex }] = signedUrls;
const { vhost } = parseConfig(
  `[vhost.__defaultVhost__.security]
play_keys = ["${key}", "an-older-key-than-that"]
[vhost."live.example.com".security]
publish_keys = "a-key-for-publishers"
play_keys = "a-key-for-those-who-play"
[vhost.open]`,
  "x.toml",
);
const vhosts = new Vhosts(() => vhost);

function signUrl(url: string, options: Partial<SignOptions> = {}): string {
  const defaults = { action: undefined, until: 1798761600, address: undefined };
  return signedUrl(url, { ...defaults, findVhost: (name) => vhosts.find(name), ...options });
}

test("a URL is signed with the first key of its vhost", () => {
  expect(signUrl("rtmp://192.168.1.6:1936/live/livestream")).toBe(
    `rtmp://192.168.1.6:1936/live/livestream?exp=1798761600&sign=${hex}`,
  );
  expect(signUrl("rtmp://192.168.1.6/live/livestream?a=b", { until: 1798761600.9 })).toBe(
    `rtmp://192.168.1.6/live/livestream?a=b&exp=1798761600&sign=${hex}`,
  );
});

test.each([
  ["rtmp://192.0.2.9/live/show", "play"],
  ["rtmp://192.0.2.9/a/b/c/show?k=v", "play"],
  ["rtmp://[2001:db8::1]:1936/live/show", "play"],
  ["rtmp://LIVE.example.com/live/show", "publish"],
  ["rtmp://192.0.2.9/live/show?vhost=live.example.com&k=v", "play"],
  ["rtmps://live.example.com/live/show", "play"],
  ["rtmp://192.0.2.9/show", "play"],
  ["rtmp://192.0.2.9/live/show.flv", "play"],
  ["rtmp://192.0.2.9/live/mp4:show.mp4", "play"],
  ["rtmp://192.0.2.9/live?vhost=live.example.com/show", "play"],
  ["rtmp://192.0.2.9/live/show?u=a/b", "play"],
] as const)("the server's signature of the signed %p matches", (url, action) => {
  const address = "2001:db8::7";
  const made = signUrl(url, { action, address: "2001:DB8:0::7" });
  const found = resolve(made, undefined, "");
  if (!found.ok) throw new Error(found.reason);
  // A client cuts the URL before the stream.
  const cut = splitStreamUrl(made);
  if (cut !== undefined)
    expect(resolve(`rtmp://${cut.authority}/${cut.location}`, cut.location, cut.name)).toEqual(found);
  const served = vhosts.find(found.address.vhost);
  const keys = served?.config.security[`${action}_keys`] ?? [];
  const name = { ...found.address, vhost: served?.name ?? "" };
  const request = accessRequest({ action, name, param: found.address.param, address });
  expect(checkSignature(keys, request, 1798761600_000)).toBeUndefined();
  expect(checkSignature(keys, request, 1798761631_000)?.reason).toBe("the URL has expired");
});

test("URLs of HTTP are signed for the same stream", () => {
  for (const end of [".flv", ".m3u8", ".ts", ".aac", ".mp3", ".html", ""])
    expect(signUrl(`https://192.168.1.6:8443/live/livestream${end}`)).toBe(
      `https://192.168.1.6:8443/live/livestream${end}?exp=1798761600&sign=${hex}`,
    );
  expect(signUrl("http://192.168.1.6/live/%6civestream.flv?audio=0")).toBe(
    `http://192.168.1.6/live/%6civestream.flv?audio=0&exp=1798761600&sign=${hex}`,
  );
});

test.each([
  ["live/show", {}, '"live/show" is not a URL like rtmp://host/app/stream or http://host/app/stream.m3u8'],
  ["rtmp://host/", {}, '"rtmp://host/" is not a URL like rtmp://host/app/stream or http://host/app/stream.m3u8'],
  ["http://h/live/%ff.flv", {}, '"http://h/live/%ff.flv": the path is not UTF-8 in percent-encoding'],
  ["http://h/live/a%3fb.flv", {}, '"http://h/live/a%3fb.flv": a stream\'s name has no ? and no #'],
  ["rtmp://host/?k=1", {}, '"rtmp://host/?k=1": the stream name is missing'],
  ["rtmp://h/live/show?exp=1", {}, "the URL has exp, sign or addr already; give the one without"],
  ["rtmp://live.example.com/live/show", {}, "to publish or to play? Give --publish or --play"],
  ["rtmp://h/live/show", { action: "publish" }, "[vhost.__defaultVhost__.security] has no publish_keys to sign with"],
  ["rtmp://open/live/show", {}, "[vhost.open.security] has no publish_keys or play_keys to sign with"],
  ["rtmp://h/live/show", { address: "example.com" }, '--address takes an IP address, not "example.com"'],
] as const)("%p is not signed with %p", (url, options, message) => {
  expect(() => signUrl(url, options)).toThrow(new UserError(message));
});
