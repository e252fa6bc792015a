import { expect, test } from "bun:test";
import { addressOf, readRoute } from "../../../../../src/features/console/browser/route.ts";

test("Addresses are read as they were written, and any other leads to the first page", () => {
  const route = readRoute(addressOf("streams", "a/b?c#d%", { stream: "x&y" }));
  expect([route.page, route.id, route.params.get("stream")]).toEqual(["streams", "a/b?c#d%", "x&y"]);
  for (const hash of ["", "#", "#/nothing", "#/__proto__", "#//x", "#/%"])
    expect(readRoute(hash).page).toBe("overview");
  expect(readRoute("#/streams/%E0%A4%A").id).toBe("");
});
