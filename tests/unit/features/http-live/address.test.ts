import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readAddress } from "../../../../src/features/http-live/address.ts";

const at = (path: string, query = "", host = "h") => readAddress({ path, query, host, secure: false });

/** vhost, app, stream, parameters; or the reason. */
function named(path: string, query = "", host = "h"): string | undefined {
  const names = at(path, query, host)?.names;
  if (names === undefined) return undefined;
  if (!names.ok) return names.reason;
  const { vhost, app, stream, param } = names.address;
  return `${vhost}/${app}/${stream}${param}`;
}

describe("The address of a stream over HTTP", () => {
  test.each([
    ["/live/cam.flv", "", "h/live/cam"],
    ["/live/sub/cam.ts", "token=a/b", "h/live/sub/cam?token=a/b"],
    ["/cam.aac", "", "h/__defaultApp__/cam"],
    ["/live/cam.1.mp3", "", "h/live/cam.1"],
    ["/live/cam.mp4.flv", "", "h/live/cam"],
    ["/live/cam.flv", "vhost=v&k=1", "v/live/cam?k=1"],
    ["/live/cam.flv", "k=1&domain=v", "v/live/cam?k=1"],
    ["/live/现场.flv", "", "h/live/现场"],
  ])("%s with ?%s is %s", (path, query, expected) => {
    expect(named(path, query)).toBe(expected);
  });

  test("without a host is one of the default vhost", () => {
    expect(named("/live/cam.flv", "", "")).toBe("__defaultVhost__/live/cam");
    expect(at("/live/cam.flv", "", "h")?.tcUrl).toBe("http://h/live");
  });

  test.each([
    "/",
    "/live/cam",
    "/live/cam.m3u8",
    "/live/cam.FLV",
    "/flv",
    "/live/.flv",
    "/live/.cam.flv",
    "/live.flv/cam",
  ])("is not %s", (path) => {
    expect(at(path)).toBeUndefined();
  });

  test.each([
    ["/live/a?b.flv", "a stream's name has no ? and no #"],
    ["/li#ve/a.flv", "a stream's name has no ? and no #"],
    [`/live/${"a".repeat(1025)}.flv`, "too many characters in the stream name: 1025, 1024 allowed"],
  ])("%p names none", (path, reason) => {
    expect(named(path)).toBe(reason);
  });

  test("is read from any request, and never has a name with a question mark", () => {
    const text = fc.stringMatching(/^(?:[a-c?#&=./:[\]%,]|vhost|flv|mp4:|_definst_){0,20}$/);
    fc.assert(
      fc.property(text, text, text, fc.constantFrom("flv", "ts", "aac", "mp3"), (path, query, host, ending) => {
        const found = at(`/${path}.${ending}`, query, host);
        if (found?.names.ok !== true) return;
        const { app, stream } = found.names.address;
        expect(`${app}/${stream}`).not.toMatch(/[?#]/);
      }),
      { seed: 20141936, numRuns: 2000 },
    );
  });

  test("says how the stream is sent, which guards and origins do not see", () => {
    expect(at("/live/cam.flv")?.options).toEqual({ audio: true, video: true, enhanced: false });
    const asked = at("/live/cam.flv", "audio=0&k=1&video=false&enhanced=1");
    expect(asked?.options).toEqual({ audio: false, video: false, enhanced: true });
    expect(named("/live/cam.flv", "audio=0&k=1&video=false&enhanced=1&%61udio=1")).toBe("h/live/cam?k=1");
  });
});
