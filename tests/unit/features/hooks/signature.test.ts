import { expect, test } from "bun:test";
import { callHeaders, secretProblem } from "../../../../src/features/hooks/signature.ts";

test("A call is signed as the example in the specification of Standard Webhooks", () => {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const body = new TextEncoder().encode('{"test": 2432232314}');
  expect(callHeaders(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)).toEqual({
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("Without a secret a call has an id and a time, and no signature", () => {
  expect(callHeaders("", "msg_1", 5, new Uint8Array())).toEqual({ "webhook-id": "msg_1", "webhook-timestamp": "5" });
});

test("A secret is whsec_ and 24 bytes or more in base64", () => {
  const bytes = (count: number) => `whsec_${new Uint8Array(count).toBase64()}`;
  expect([24, 25, 26, 64].map((count) => secretProblem(bytes(count)))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  for (const wrong of [bytes(23), "whsec_", "x".repeat(40), `${bytes(24)}!`, bytes(32).slice(0, -1)])
    expect(secretProblem(wrong)).toInclude("must be whsec_ and at least 24 bytes in base64");
});
