import { expect, test } from "bun:test";
import { hookPeer, maskHookUrl, parseHookUrl } from "../../../../src/features/hooks/hook-url.ts";

test("A hook's URL names its back end by scheme, host and port", () => {
  const backEnds = ["http://127.0.0.1/x", "HTTPS://Auth.Example.com/x?k=1", "http://[::1]:8085/x"].map(
    (text) => parseHookUrl(text).backEnd,
  );
  expect(backEnds).toEqual(["http://127.0.0.1:80", "https://auth.example.com:443", "http://[::1]:8085"]);
  expect(hookPeer(parseHookUrl("https://[::1]/x"))).toMatchObject({ protocol: "https", host: "::1", port: 443 });
});

test.each([
  ["127.0.0.1:8085", "must begin with http:// or https://"],
  ["rtmp://127.0.0.1/x", "must begin with http:// or https://"],
  ["http:127.0.0.1/x", "must begin with http:// or https://"],
  ["http://127.0.0.1/x http://127.0.0.1/y", "must begin with http:// or https://"],
  ["http://user:pass@127.0.0.1/x", "a user and a password are not supported"],
  ["http://127.0.0.1/x#y", "a part behind # is never sent"],
])("%s is no URL of a hook", (text, message) => {
  expect(() => parseHookUrl(text)).toThrow(message);
});

test("The parts of a hook's URL that may be secret are not shown", () => {
  const shown = ["http://h/hooks", "http://h:1/hooks?key=1", "http://h/services/T0/KEY"].map((text) =>
    maskHookUrl(parseHookUrl(text)),
  );
  expect(shown).toEqual(["http://h/hooks", "http://h:1/hooks?***", "http://h/services/***"]);
});
