import { expect, test } from "bun:test";
import { StaticFiles } from "../../../../src/features/http/static-files.ts";
import type { ServedFile } from "../../../../src/io/files/served-file.ts";
import { brief, type HttpEnd, HttpStage, request } from "../../../support/http-stage.ts";
import { RecordingLog } from "../../../support/recording-log.ts";

/** A folder in memory, what was asked of it, and how many of its files are open. */
class Folder {
  readonly asked: string[] = [];
  open = 0;
  /** What a read of any file waits for. */
  gate: Promise<void> = Promise.resolve();
  readonly #files: Readonly<Record<string, string | "folder" | Error>>;

  constructor(files: Readonly<Record<string, string | Error>>) {
    this.#files = files;
  }

  stage(folder = "/www"): HttpStage {
    const files = new StaticFiles({
      log: new RecordingLog(),
      folder: () => folder,
      open: (_, path) => this.#open(path),
    });
    return new HttpStage({}, files.http);
  }

  async #open(path: string): Promise<ServedFile | "folder" | undefined> {
    this.asked.push(path);
    const text = this.#files[path];
    if (text instanceof Error) throw text;
    if (text === undefined || text === "folder") return text;
    this.open++;
    const bytes = new TextEncoder().encode(text);
    return {
      size: bytes.length,
      modifiedMs: Date.UTC(2026, 0, 1),
      read: async (at, length) => {
        await this.gate;
        return bytes.slice(at, at + length);
      },
      close: () => this.open--,
    };
  }
}

/** The answer to a request, when it has come. */
async function answered(end: HttpEnd, path: string, ...headers: readonly string[]): Promise<string> {
  let heard = end.get(path, ...headers);
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
    heard += end.hear();
  }
  return heard;
}

test("a file is served with its type, and again only when it has changed", async () => {
  const folder = new Folder({ "/a/b.m3u8": "#EXTM3U" });
  const stage = folder.stage();
  const first = brief(await answered(stage.dial(), "/a/b.m3u8"), "content-type", "last-modified", "etag");
  expect(first).toEqual([
    "200",
    "application/vnd.apple.mpegurl",
    "Thu, 01 Jan 2026 00:00:00 GMT",
    first[3] ?? "",
    "#EXTM3U",
  ]);
  expect(brief(await answered(stage.dial(), "/a/b.m3u8", `If-None-Match: ${first[3]}`))).toEqual(["304", ""]);
  expect(brief(await answered(stage.dial(), "/a/b.m3u8", "Range: bytes=1-3"))).toEqual(["206", "EXT"]);
  expect(folder.open).toBe(0);
});

test("a folder is its index.html, at an address with a slash at its end", async () => {
  const stage = new Folder({
    "/index.html": "top",
    "/ü": "folder",
    "/ü/index.html": "sub",
    "/empty": "folder",
  }).stage();
  expect(brief(await answered(stage.dial(), "/"), "content-type")).toEqual(["200", "text/html; charset=utf-8", "top"]);
  expect(brief(await answered(stage.dial(), "/%C3%BC?a=b"), "location").slice(0, 2)).toEqual(["308", "/%C3%BC/?a=b"]);
  expect(brief(await answered(stage.dial(), "/%C3%BC/"))).toEqual(["200", "sub"]);
  expect(brief(await answered(stage.dial(), "/empty"))[0]).toBe("404");
  expect(brief(await answered(stage.dial(), "/empty/"))[0]).toBe("404");
});

test("no path leads out of the folder or to hidden files, except to ACME challenges", async () => {
  const folder = new Folder({ "/.well-known/acme-challenge/x": "token", "/.git/config": "no", "/a/.htpasswd": "no" });
  const stage = folder.stage();
  const statuses = [];
  const paths = [
    "/../secret",
    "/a/../../secret",
    "/%2e%2e/secret",
    "/..%2fsecret",
    "/a%5c..%5csecret",
    "/a%00.txt",
    "//etc/passwd",
    "/.git/config",
    "/%2egit/config",
    "/a/.htpasswd",
    "/.well-known/.x",
    "/.well-known",
  ];
  for (const path of paths) statuses.push(brief(await answered(stage.dial(), path))[0]);
  expect(statuses).toEqual(["400", "400", "400", "400", "400", "400", "404", "404", "404", "404", "404", "404"]);
  expect(folder.asked).toEqual(["/etc/passwd"]);
  expect(brief(await answered(stage.dial(), "/.well-known/acme-challenge/x"))[1]).toBe("token");
});

test("no file is searched for without a folder", async () => {
  const folder = new Folder({ "/a": "a" });
  expect(brief(await answered(folder.stage("").dial(), "/a"))[0]).toBe("404");
  expect(folder.asked).toEqual([]);
});

test("a large file is read as the client takes it, and closed when the client leaves", async () => {
  const text = "x".repeat(1_000_000);
  const folder = new Folder({ "/a": text });
  const stage = folder.stage();
  const end = stage.dial();
  end.sink.room = 300_000;
  let heard = await answered(end, "/a");
  expect([end.sink.queued < 600_000, folder.open]).toEqual([true, 1]);
  for (let i = 0; i < 20; i++) {
    end.sink.drain(300_000);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    heard += end.hear();
  }
  expect([brief(heard)[1] === text, folder.open]).toEqual([true, 0]);
  const other = stage.dial();
  other.sink.stall();
  await answered(other, "/a");
  expect(folder.open).toBe(1);
  other.hangUp();
  expect([folder.open, stage.log.take(/warn/)]).toEqual([0, []]);
});

test("a file that has become shorter aborts the connection", async () => {
  const folder = new Folder({ "/a": "x".repeat(1000) });
  const stage = folder.stage();
  const end = stage.dial();
  const gate = Promise.withResolvers<void>();
  folder.gate = gate.promise;
  end.say(request("/a"));
  gate.reject(new Error("EIO"));
  await answered(end, "/a");
  expect([end.state, folder.open]).toEqual(["aborted", 0]);
  expect(stage.log.take(/could not be sent/)).toHaveLength(1);
});

test("HEAD opens a file for its size alone", async () => {
  const folder = new Folder({ "/a": "12345" });
  const end = folder.stage().dial();
  let heard = end.say("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n");
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
    heard += end.hear();
  }
  expect([brief(heard, "content-length"), folder.open]).toEqual([["200", "5", ""], 0]);
});

test("a file that can't be opened is answered by 503", async () => {
  const end = new Folder({ "/a": new Error("EMFILE") }).stage().dial();
  expect(brief(await answered(end, "/a"))[0]).toBe("503");
});
