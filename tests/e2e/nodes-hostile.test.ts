import { expect } from "bun:test";
import { executable } from "../support/e2e/executable.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { picture, ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { deadPort } from "../support/e2e/targets.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/nodes-hostile.test.ts");

const SECRET = 'secret = "the secret of all nodes"\n';

interface KnownNode {
  readonly peer: string;
  readonly state: string;
  readonly problems: readonly string[];
}

/** Peers that are none, by what they do with a connection on which a question comes, and what is told of them. */
const liars: readonly (readonly [what: string, answer: (asked: number) => string | undefined, problem: RegExp])[] = [
  ["hangs", () => undefined, /no answer within 1400 ms/],
  ["answers a page", () => http(200, "<html>welcome</html>"), /not signed with our secret/],
  ["lies", () => http(200, `${"0".repeat(64)}\n{"version":1,"state":{"id":"00ff"}}`), /not signed with our secret/],
  ["redirects", () => http(302, "", "Location: http://127.0.0.1:1/\r\n"), /it answers 302/],
  ["answers without end", () => http(200, "0".repeat(64), "", 1e12), /no answer within 1400 ms/],
  ["speaks another version", () => http(400, '{"cluster":99}'), /speaks version 99 .*run the same release/],
  ["breaks", () => http(500, "<b>oops\u001b[31m</b>"), /it answers 500/],
  ["flaps", (asked) => (asked % 2 === 0 ? http(503, "later") : http(404, "")), /it answers (?:503|404)/],
];

function http(status: number, body: string, headers = "", length = body.length): string {
  return `HTTP/1.1 ${status} X\r\nConnection: close\r\n${headers}Content-Length: ${length}\r\n\r\n${body}`;
}

test.concurrent("peers that hang, lie, flap or speak another version are logged in one line each, and cost the others nothing", async () => {
  await using stage = new Stage();
  const asked = liars.map(() => 0);
  const urls = liars.map(([, answer], at) => {
    const take = (socket: Bun.Socket<unknown>) => {
      asked[at] = (asked[at] ?? 0) + 1;
      socket.write(answer(asked[at] ?? 0) ?? "");
    };
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: take } });
    stage.defer(() => listener.stop(true));
    return `http://127.0.0.1:${listener.port}`;
  });
  const good = await ReloadServer.start(
    stage,
    `http_api.listen = "127.0.0.1:0"\n[cluster]\npeers = []\n${SECRET}`,
    "good",
  );
  const goodUrl = `http://127.0.0.1:${await httpPort(good.program, "api")}`;
  const peers = `peers = ${JSON.stringify([goodUrl, ...urls])}\n`;
  const server = await ReloadServer.start(stage, `http_api.listen = "127.0.0.1:0"\n[cluster]\n${peers}${SECRET}`);
  const [publisher, player] = [await server.publish(), await server.play()];
  const api = `http://127.0.0.1:${await httpPort(server.program, "api")}/api/v1/nodes`;
  const nodes = async () => ((await (await fetch(api)).json()) as { nodes: KnownNode[] }).nodes;
  await until("what is wrong with each", async () => {
    const known = await nodes();
    return urls.every((url) => known.find(({ peer }) => peer === url)?.problems.length === 1) || undefined;
  });
  const known = await nodes();
  for (const [at, [what, , problem]] of liars.entries()) {
    const found = known.find(({ peer }) => peer === urls[at]);
    expect(`${what}: ${found?.state} ${found?.problems.join()}`).toMatch(problem);
    expect(found?.state).toBe("dead");
  }
  await until("the good one", async () =>
    (await nodes()).some(({ peer, state }) => peer === goodUrl && state === "alive"),
  );
  // Asked again and again, each is told of once; one that flaps, once for each thing that it does.
  await until("more questions", () => asked.every((count) => count >= 4));
  const lines = server.program.lines.filter((line) => line.includes("peer does not answer"));
  for (const [at, [what]] of liars.entries())
    expect(lines.filter((line) => line.includes(`${urls[at]} `)).length).toBeLessThanOrEqual(what === "flaps" ? 2 : 1);
  expect(server.program.lines.join("\n")).not.toContain("\u001b");
  sendGop(publisher, 1, 3);
  await picture(player, 1);
});

test.concurrent("two nodes that advertise one address, and one whose address can't be reached, are found and logged", async () => {
  await using stage = new Stage();
  const api = 'http_api.listen = "127.0.0.1:0"\n';
  const servers = await Promise.all(["a", "b", "c", "d"].map((name) => ReloadServer.start(stage, api, name)));
  const [a, b, c, d] = servers as [ReloadServer, ReloadServer, ReloadServer, ReloadServer];
  const urls = await Promise.all(
    servers.map(async ({ program }) => `http://127.0.0.1:${await httpPort(program, "api")}`),
  );
  const peers = `peers = ${JSON.stringify(urls)}\n`;
  const advertise = (server: ReloadServer, port: number) =>
    server.reload(`${api}[cluster]\n${peers}${SECRET}advertise = "rtmp://127.0.0.1:${port}"\n`);
  const dead = await deadPort();
  await Promise.all([advertise(a, a.port), advertise(b, b.port), advertise(c, b.port), advertise(d, dead)]);
  const problems = async () => {
    const { nodes } = (await (await fetch(`${urls[0]}/api/v1/nodes`)).json()) as { nodes: KnownNode[] };
    return Object.fromEntries(nodes.map(({ peer, problems: all }) => [peer, all.join()]));
  };
  const both = `rtmp://127.0.0.1:${b.port} is advertised by 2 nodes`;
  await until("what is wrong", async () => {
    const { [`${urls[1]}`]: ofB, [`${urls[2]}`]: ofC, [`${urls[3]}`]: ofD } = await problems();
    const isFound = ofB?.includes(both) && ofC?.includes(both) && ofD?.includes("can't be reached from this server");
    return isFound || undefined;
  });
  const child = Bun.spawn([executable(), "status", "--cluster", "--check", "--conf", stage.path("a.toml")], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const text = `${await new Response(child.stdout).text()}${await new Response(child.stderr).text()}`;
  expect(await child.exited).toBe(1);
  expect(text).toContain(both);
  expect(text).toContain(`rtmp://127.0.0.1:${dead} can't be reached from this server: connection refused`);
  expect(a.program.count(/WARN .*is advertised by 2 nodes/)).toBe(1);
  expect(a.program.count(/WARN .*can't be reached from this server/)).toBe(1);
  await Promise.all([advertise(c, c.port), advertise(d, d.port)]);
  await until("nothing is wrong", async () => Object.values(await problems()).join("") === "" || undefined);
});
