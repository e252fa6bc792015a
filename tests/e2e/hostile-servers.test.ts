import { expect } from "bun:test";
import { AmfObject } from "../../src/amf/value.ts";
import { startAnswering } from "../support/e2e/answering.ts";
import { executable } from "../support/e2e/executable.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";

const test = testWith("tests/e2e/hostile-servers.test.ts");

/** Clears the screen, sets the window's title, and begins a line that looks like ours. */
const HOSTILE = "no\u001b[2J\u001b]0;owned\u0007\r\nno problem found\n\u202eeslaf";
const SHOWN = "no\\u001b[2J\\u001b]0;owned\\u0007\\r\\nno problem found\\n\\u202eeslaf";

/** What a terminal obeys or hides. */
const OBEYED = /[^\P{C}\n]/u;

/** Servers that refuse, and that have a name, in such words; the URL of each. */
function hostileServers(stage: Stage): { refusing: string; named: string } {
  const refusal = AmfObject.of({ level: "error", code: "NetConnection.Connect.Rejected", description: HOSTILE });
  const refused = startAnswering(stage, "_error", 1, null, refusal);
  const success = AmfObject.of({ level: "status", code: "NetConnection.Connect.Success", description: "" });
  const named = startAnswering(stage, "_result", 1, AmfObject.of({ fmsVer: HOSTILE }), success);
  return { refusing: `rtmp://127.0.0.1:${refused}/live`, named: `rtmp://127.0.0.1:${named}/live` };
}

async function lines(stage: Stage, ...words: readonly string[]): Promise<{ code: unknown; lines: readonly string[] }> {
  const program = stage.start(words[0] ?? "", [executable(), ...words]);
  return { code: await program.ended(), lines: program.lines };
}

test.concurrent("srs check --probe shows text from servers on one line, without control characters", async () => {
  await using stage = new Stage();
  const { refusing, named } = hostileServers(stage);
  const toml = `listen = "127.0.0.1:0"\nmax_connections = 10\n[vhost.a]\nforward = ["${refusing}", "${named}"]\n`;
  const found = await lines(stage, "check", "--probe", "-c", stage.write("x.toml", toml));
  expect(found.code).toBe(2);
  expect(found.lines.filter((line) => line.includes("it refuses to connect: "))).toHaveLength(2);
  expect(found.lines.filter((line) => line.includes(SHOWN))).toHaveLength(3);
  expect(found.lines.filter((line) => OBEYED.test(line) || /^(?:no problem|.?eslaf)/.test(line))).toEqual([]);
});

test.concurrent("srs bench shows text from a server on one line, as text and as JSON", async () => {
  await using stage = new Stage();
  const { refusing } = hostileServers(stage);
  for (const json of [[], ["--json"]]) {
    const words = ["play", `${refusing}/show`, "-n", "1", "--seconds", "1", ...json];
    const found = await lines(stage, "bench", ...words);
    expect(found.code).toBe(1);
    const said = found.lines.filter((line) => line.includes("owned"));
    expect(said.length).toBeGreaterThan(0);
    for (const line of said) expect(line).toInclude(json.length > 0 ? JSON.stringify(SHOWN).slice(1, -1) : SHOWN);
    expect(found.lines.filter((line) => OBEYED.test(line) || /^(?:no problem|.?eslaf)/.test(line))).toEqual([]);
  }
});

test.concurrent("srs reload and srs upgrade show the answer of another program on one line", async () => {
  await using stage = new Stage();
  const answer = `${JSON.stringify({ ok: true, lines: [HOSTILE] })}\n`;
  const planted = Bun.listen({
    unix: stage.path("srs.sock"),
    socket: {
      data(socket) {
        socket.end(answer);
      },
    },
  });
  stage.defer(() => planted.stop(true));
  const conf = stage.write("x.toml", `pid = "${stage.path("srs.pid")}"\n`);
  for (const command of ["reload", "upgrade"]) {
    expect(await lines(stage, command, "-c", conf)).toEqual({ code: 0, lines: [SHOWN] });
  }
});
