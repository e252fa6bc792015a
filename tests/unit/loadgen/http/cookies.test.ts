import { expect, test } from "bun:test";
import { HttpResponseReader, type ResponseHead } from "../../../../src/io/net/http-response.ts";
import { Cookies } from "../../../../src/loadgen/http/cookies.ts";

const here = new URL("http://a/live/show.m3u8");

/** The head of an answer with these header lines. */
function answer(...lines: readonly string[]): ResponseHead {
  let head: ResponseHead | undefined;
  const reader = new HttpResponseReader({
    onHead: (read) => {
      head = read;
    },
    onBody: () => {},
    onComplete: () => {},
  });
  reader.push(new TextEncoder().encode(`HTTP/1.1 200 OK\r\n${lines.join("\r\n")}\r\nContent-Length: 0\r\n\r\n`));
  if (head === undefined) throw new Error("no head");
  return head;
}

test("cookies are sent back to the host that set them, with their newest values", () => {
  const cookies = new Cookies();
  expect(cookies.line(here)).toBe("");
  cookies.take(here, answer("Set-Cookie: a=1; Path=/; HttpOnly", "set-cookie: b=x=y", "Server: z"));
  cookies.take(here, answer("Set-Cookie: a=2"));
  expect(cookies.line(new URL("http://a:8080/other.key"))).toBe("Cookie: a=2; b=x=y\r\n");
  expect(cookies.line(new URL("http://b/live/show.m3u8"))).toBe("");
});

test("what is no cookie, and more than a player keeps, is left out", () => {
  const cookies = new Cookies();
  cookies.take(here, answer("Set-Cookie: nothing", "Set-Cookie: a=1\rX: 2", `Set-Cookie: long=${"x".repeat(5000)}`));
  expect(cookies.line(here)).toBe("");
  for (let at = 0; at < 80; at++) cookies.take(here, answer(`Set-Cookie: c${at}=1`));
  expect(cookies.line(here).split("; ")).toHaveLength(50);
  cookies.take(here, answer("Set-Cookie: c0=2"));
  expect(cookies.line(here)).toContain("c0=2;");
});
