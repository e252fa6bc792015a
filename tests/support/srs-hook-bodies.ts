const common = ["server_id", "service_id", "action", "client_id", "ip", "vhost", "app"];
const named = [...common, "tcUrl", "stream", "param"];
const ids = ["stream_url", "stream_id"];
const file = ["duration", "cwd", "file", "url", "m3u8", "m3u8_url", "seq_no"];
const numbers = new Set(["send_bytes", "recv_bytes", "duration", "seq_no"]);

/** The fields of each event's body in SRS 5.0.216, 6.0.157 and 7.0.18. */
const fields: Readonly<Record<string, readonly string[]>> = {
  on_connect: [...named, "pageUrl"],
  on_close: [...common, "send_bytes", "recv_bytes"],
  on_publish: [...named, ...ids],
  on_unpublish: [...named, ...ids],
  on_play: [...named, "pageUrl", ...ids],
  on_stop: [...named, ...ids],
  on_hls: [...named, ...file, ...ids],
  on_forward: named,
};

/** What is wrong with a body for a back end that knows SRS's and takes nothing else; empty when nothing is. */
export function bodyProblems(body: Readonly<Record<string, unknown>>): string[] {
  const wanted = fields[String(body.action)];
  if (wanted === undefined) return [`no event ${body.action}`];
  return [
    ...wanted.filter((name) => !(name in body)).map((name) => `no ${name}`),
    ...Object.keys(body).flatMap((name) => (wanted.includes(name) ? [] : [`${name} is unknown`])),
    ...Object.entries(body).flatMap(([name, value]) =>
      typeof value === (numbers.has(name) ? "number" : "string") ? [] : [`${name} is ${typeof value}`],
    ),
    ...("param" in body && !/^(?:\?.+)?$/.test(String(body.param)) ? ["param begins without ?"] : []),
    ...(/^vid-[0-9a-z]+$/.test(String(body.server_id)) ? [] : ["server_id is none"]),
  ].map((problem) => `${body.action}: ${problem}`);
}
