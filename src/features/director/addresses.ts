import { DIRECTED_PARAM } from "../../live/ports/access.ts";
import type { NodeState } from "../../live/ports/nodes.ts";
import type { StreamName } from "../../live/streams.ts";
import { DEFAULT_VHOST } from "../../rtmp/address.ts";

/** The query parameters of a stream's URL at another node. Without the mark `DIRECTED_PARAM`, that node might redirect the client again. */
export function paramsOf({ vhost }: StreamName): string {
  const named = vhost === DEFAULT_VHOST ? "" : `vhost=${encodeURIComponent(vhost)}&`;
  return `${named}${DIRECTED_PARAM}=1`;
}

/** All URLs of a stream at a node, with these schemes: RTMP, FLV, HLS and the page. */
export function urlsOf(
  name: StreamName,
  { advertise }: Pick<NodeState, "advertise">,
  schemes: readonly string[],
): string[] {
  const path = [...name.app.split("/"), name.stream].map(encodeURIComponent).join("/");
  const params = paramsOf(name);
  return advertise
    .filter((url) => schemes.includes(schemeOf(url)))
    .flatMap((url) =>
      schemeOf(url).startsWith("rtmp")
        ? [`${url}/${name.app}/${name.stream}?${params}`]
        : [".flv", ".m3u8", ""].map((ending) => `${url}/${path}${ending}?${params}`),
    );
}

function schemeOf(url: string): string {
  return url.slice(0, url.indexOf(":"));
}
