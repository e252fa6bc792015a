import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClusterSecret } from "../../../../src/app/cluster-secret.ts";
import { parseConfig } from "../../../../src/app/config/index.ts";
import { errorsOf } from "../../../support/config.ts";
import { RecordingLog } from "../../../support/recording-log.ts";

const secret = 'secret = "0123456789abcdef"\n';

const problems = (lines: string) => errorsOf(() => parseConfig(`[cluster]\n${lines}`, "x.toml"));

describe("[cluster]", () => {
  test("reads URLs of servers in one spelling", () => {
    const { cluster } = parseConfig(
      `[cluster]\n${secret}peers = ["http://B:1985/", "https://c.example"]\nadvertise = ["RTMP://H", "https://[::0:1]:8443"]`,
      "x.toml",
    );
    expect(cluster.peers).toEqual(["http://b:1985", "https://c.example:443"]);
    expect(cluster.advertise).toEqual(["rtmp://h:1935", "https://[::1]:8443"]);
  });

  test.each([
    ['peers = "http://b:1985"', "cluster.peers: needs secret_file"],
    [`${secret}secret_file = "/x"`, "set secret or secret_file, not both"],
    ['secret = "short"', "must have 16 characters or more"],
    [`${secret}peers = "b:1985"`, "must be a server's URL (http, https) without a path, not"],
    [`${secret}peers = "http://b/path"`, "must be a server's URL"],
    [`${secret}peers = ["http://b:1985", "http://B:1985/"]`, "is listed twice"],
    ['advertise = "srt://h"', "(rtmp, rtmps, http, https)"],
    ['advertise = "http://user@h"', "must be a server's URL"],
    ['zone = "a b"', "letters, digits"],
    ["weight = 10001", "from 0 to 10000"],
  ])("refuses %s", (lines, sentence) => {
    expect(problems(lines).join("\n")).toContain(sentence);
  });
});

test("A secret's file is read at the start and at each reload; one that can't be read changes nothing", () => {
  const folder = mkdtempSync(join(tmpdir(), "srs-secret-"));
  const path = join(folder, "secret");
  const { cluster } = parseConfig(`[cluster]\nsecret_file = "${path}"`, "x.toml");
  const [held, log] = [new ClusterSecret(), new RecordingLog()];
  expect(() => held.prepare({ cluster })).toThrow(path);
  writeFileSync(path, "short\n");
  expect(() => held.prepare({ cluster })).toThrow("16 characters");
  writeFileSync(path, "the first secret of it\n");
  held.prepare({ cluster }).discard();
  expect(held.secret).toBe("");
  held.prepare({ cluster }).apply();
  expect(held.secret).toBe("the first secret of it");
  writeFileSync(path, "the second secret of it\n");
  held.readAgain({ cluster }, log);
  rmSync(folder, { recursive: true });
  held.readAgain({ cluster }, log);
  expect(held.secret).toBe("the second secret of it");
  expect(log.take(/can't be read/)).toHaveLength(1);
});
