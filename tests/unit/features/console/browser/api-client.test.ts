import { describe, expect, test } from "bun:test";
import { ApiClient, CallError, type Standing } from "../../../../../src/features/console/browser/api-client.ts";

type Answer = { readonly status: number; readonly body: unknown } | "none" | "late";

/** A client whose server answers what a test says. */
function clientOf(answer: Answer) {
  const stage = {
    answer,
    asked: [] as { path: string; init: RequestInit }[],
    standings: [] as Standing[],
    client: undefined as unknown as ApiClient,
    /** Lets what is late come. */
    come: () => {},
    timers: new Set<() => void>(),
  };
  stage.client = new ApiClient({
    async fetch(path, init) {
      stage.asked.push({ path, init });
      if (stage.answer === "late") await new Promise<void>((resolve) => (stage.come = resolve));
      if (stage.answer === "late" || stage.answer === "none") throw new TypeError("Failed to fetch");
      return new Response(JSON.stringify(stage.answer.body), { status: stage.answer.status });
    },
    now: () => 5000,
    after(_ms, run) {
      stage.timers.add(run);
      return () => void stage.timers.delete(run);
    },
    onStanding: (standing) => void stage.standings.push(standing),
  });
  return stage;
}

const ok: Answer = { status: 200, body: { code: 0 } };
const refusal = (status: number): Answer => ({ status, body: { code: 9009, error: "no" } });
const kinds = (standings: readonly Standing[]) => standings.map(({ kind }) => kind);

describe("A client of the API", () => {
  test("sends its own name and password, and none that the browser keeps", async () => {
    const stage = clientOf(ok);
    await stage.client.signIn("ops", "pässwörd");
    const init = stage.asked[0]?.init ?? {};
    const { authorization = "" } = init.headers as Record<string, string>;
    expect(Buffer.from(authorization.slice(6), "base64").toString()).toBe("ops:pässwörd");
    expect([init.credentials, init.redirect]).toEqual(["omit", "error"]);
    expect(stage.client.isSignedIn).toBe(true);
  });

  test("forgets a user who is refused, and one who signs out", async () => {
    const stage = clientOf(ok);
    await stage.client.signIn("ops", "right");
    stage.answer = refusal(401);
    await expect(stage.client.get("/x")).rejects.toThrow(CallError);
    expect(stage.client.standing).toEqual({ kind: "out", reason: "no" });
    expect(stage.client.isSignedIn).toBe(false);
    await expect(stage.client.signIn("ops", "wrong")).rejects.toMatchObject({ status: 401 });
    expect(stage.client.isSignedIn).toBe(false);
  });

  test("says why a user is signed out when a server that was away no longer knows the user", async () => {
    const stage = clientOf(ok);
    await stage.client.signIn("ops", "right");
    stage.answer = "none";
    await stage.client.get("/x").catch(() => undefined);
    stage.answer = refusal(401);
    await stage.client.get("/x").catch(() => undefined);
    expect(stage.client.standing).toEqual({ kind: "out", reason: "no" });
    // A wrong password is no sign-in that ended.
    await stage.client.signIn("ops", "wrong").catch(() => undefined);
    expect(stage.client.standing).toEqual({ kind: "out", reason: "" });
  });

  test("counts as disconnected while no answer comes, and as connected with the next one", async () => {
    const stage = clientOf(ok);
    await stage.client.get("/x");
    stage.answer = "none";
    for (let count = 0; count < 3; count++) await stage.client.get("/x").catch(() => undefined);
    stage.answer = ok;
    await stage.client.get("/x");
    expect(stage.standings).toEqual([{ kind: "in" }, { kind: "lost", since: 5000 }, { kind: "in" }]);
  });

  test("counts as disconnected while an answer is late, and as connected when it comes", async () => {
    const stage = clientOf(ok);
    await stage.client.get("/x");
    expect(stage.timers.size).toBe(0);
    stage.answer = "late";
    const asked = stage.client.get("/x");
    for (const run of stage.timers) run();
    expect(stage.client.standing).toEqual({ kind: "lost", since: 5000 });
    stage.answer = ok;
    stage.come();
    await asked;
    expect([kinds(stage.standings), stage.timers.size]).toEqual([["in", "lost", "in"], 0]);
  });

  test("stays signed out when the server does not answer the sign-in", async () => {
    const stage = clientOf(refusal(401));
    await stage.client.get("/x").catch(() => undefined);
    stage.answer = "none";
    await expect(stage.client.signIn("ops", "right")).rejects.toMatchObject({ status: 0 });
    expect(kinds(stage.standings)).toEqual(["out"]);
  });

  test.each([
    [403, "refused"],
    [429, "refused"],
    [502, "lost"],
    [503, "lost"],
    [404, "in"],
    [500, "in"],
  ])("after status %i is %s", async (status, kind) => {
    const stage = clientOf(refusal(status));
    await stage.client.get("/x").catch(() => undefined);
    expect(kinds(stage.standings)).toEqual([kind as Standing["kind"]]);
  });

  test("stays signed in when one call is not allowed", async () => {
    const stage = clientOf(ok);
    await stage.client.get("/x");
    stage.answer = refusal(403);
    await expect(stage.client.call("POST", "/x", {})).rejects.toMatchObject({ status: 403, message: "no" });
    expect(stage.client.standing.kind).toBe("in");
  });

  test("treats an answer that is not the API's as none", async () => {
    for (const body of [undefined, null, "<html>"]) {
      const stage = clientOf({ status: 200, body });
      await expect(stage.client.get("/x")).rejects.toThrow(CallError);
      expect(stage.client.standing.kind).toBe("lost");
    }
  });
});
