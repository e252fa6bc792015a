import { expect, test } from "bun:test";
import { renderStreamList } from "../../../../src/features/page/stream-list.ts";

const assets = { style: "/-/page/s.css", icon: "/-/page/i.svg" };
const name = (app: string, stream: string) => ({ vhost: "__defaultVhost__", app, stream });

test("live streams are listed by name with links to their pages", () => {
  const html = renderStreamList([name("live", "b"), name("live/two", "c"), name("live", "a")], "", assets);
  expect([...html.matchAll(/href="(\/(?!-)[^"]*)">([^<]*)</g)].map((match) => match.slice(1))).toEqual([
    ["/live/a", "live/a"],
    ["/live/b", "live/b"],
    ["/live/two/c", "live/two/c"],
  ]);
});

test("names that publishers choose are shown as text everywhere", () => {
  const html = renderStreamList([name(`"><script>x</script>`, `'&<b onload="y">\ud800`)], "?vhost=a%22b", assets);
  expect(html).not.toMatch(/<script|<b |onload="/);
  expect(html).toContain(
    `<a href="/%22%3E%3Cscript%3Ex%3C/script%3E/&#39;%26%3Cb%20onload%3D%22y%22%3E%EF%BF%BD?vhost=a%22b">&#34;&#62;&#60;script`,
  );
});

test("a name that ends like a format links to its page with .html", () => {
  expect(renderStreamList([name("live", "cam.ts")], "", assets)).toContain('href="/live/cam.ts.html"');
});

test("with no stream the page says so, and with thousands it counts the rest", () => {
  expect(renderStreamList([], "", assets)).toContain("No stream is live.");
  const many = Array.from({ length: 1003 }, (_, at) => name("live", `cam-${at}`));
  const html = renderStreamList(many, "", assets);
  expect(html.match(/<li>/g)).toHaveLength(1000);
  expect(html).toContain("And 3 more.");
});
