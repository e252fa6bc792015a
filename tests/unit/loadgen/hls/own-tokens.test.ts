import { expect, test } from "bun:test";
import { OwnTokens } from "../../../../src/loadgen/hls/own-tokens.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** The tokens of one viewer, and a playlist as it is read. */
function viewer(query: string, text: string): { tokens: OwnTokens; masked: Uint8Array } {
  const tokens = new OwnTokens();
  tokens.learn(new URL(`http://a/live/show.m3u8?${query}`));
  const masked = bytes(text);
  tokens.mask(masked);
  return { tokens, masked };
}

test("playlists of two viewers are the same but for their own tokens, with which URIs are requested", () => {
  const list = (session: string, key: string) => `x.key?hls_ctx=${session}&k=${key}\n${session}${session}`;
  const [one, other] = [
    ["ab12cd34", "s3cr3t-one"],
    ["ef56ab78", "s3cr3t-two"],
  ] as const;
  const made = [one, other].map(([session, key]) => viewer(`hls_ctx=${session}&v=_hd&k=${key}`, list(session, key)));
  const [first, second] = made;
  expect(first?.masked).toEqual(second?.masked as Uint8Array);
  const text = new TextDecoder().decode(first?.masked);
  expect(first?.tokens.unmask(text)).toBe(list(...one));
  expect(second?.tokens.unmask(text)).toBe(list(...other));
});

test("what may be a tag, a number or a name is left as it is", () => {
  const text = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:1234567890\nlivestream\nab12";
  const { masked } = viewer("a=1234567890&b=livestream&c=ab12&d&e=&f=EXT-X-MEDIA-SEQUENCE", text);
  expect(masked).toEqual(bytes(text));
});

test("an address with many tokens, or a very long one, has some masked", () => {
  const query = Array.from({ length: 20 }, (_, at) => `t${at}=token-${at}-abc`).join("&");
  const { tokens, masked } = viewer(`${query}&long=a1${"x".repeat(1000)}`, "token-3-abc token-15-abc");
  expect(tokens.unmask(new TextDecoder().decode(masked))).toBe("token-3-abc token-15-abc");
});
