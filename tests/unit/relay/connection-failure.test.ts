import { expect, test } from "bun:test";
import { failureText } from "../../../src/relay/connection-failure.ts";

test.each([
  [{ cause: "closed", stage: "dialling", reason: "connection refused" }, "connection refused"],
  [{ cause: "closed", stage: "running", reason: undefined }, "the target closed the connection"],
  [{ cause: "closed", stage: "connecting", reason: undefined }, "the target closed the connection during connecting"],
  [{ cause: "protocol", stage: "running", reason: "chunk too long" }, "protocol error: chunk too long"],
] as const)("the failure %p is reported as %p", (failure, text) => {
  expect(failureText(failure, "the target")).toBe(text);
});
