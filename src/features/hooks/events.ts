import type { StreamSegment } from "../../live/ports/segments.ts";
import { type StreamName, streamLabel } from "../../live/streams.ts";

/** Events whose back ends decide about a client. */
export const DECISIONS = ["on_connect", "on_publish", "on_play"] as const;
/** Events that are only notifications. */
export const NOTIFICATIONS = ["on_close", "on_unpublish", "on_stop", "on_hls", "on_forward"] as const;

/** An event whose back ends decide about a client. */
export type DecisionEvent = (typeof DECISIONS)[number];
/** An event, by its name in the configuration and in a body's `action`. */
export type HookEvent = DecisionEvent | (typeof NOTIFICATIONS)[number];

/** Ids in the bodies; the API takes them, too. */
export interface ServerIds {
  readonly serverId: string;
  readonly serviceId: string;
  /** A client's id, unique among all servers and all processes of this one. */
  uniqueId(id: string): string;
  /** The id of a stream by its key. */
  idOf(key: string): string;
}

/** The client that an event is about. */
export interface EventClient {
  readonly id: string;
  readonly ip: string;
  /** URLs as the client gave them; "" for one that it did not give. */
  readonly tcUrl: string;
  readonly pageUrl: string;
}

/** A stream, and the parameters that its client gave: "" or "?a=b". */
export interface EventStream extends StreamName {
  readonly param: string;
}

/** The body of a call, in SRS's order. */
export type HookBody = Readonly<Record<string, string | number>>;

/** Makes the bodies of all events, with the fields of SRS 5 to 7. */
export class HookBodies {
  readonly #ids: ServerIds;

  constructor(ids: ServerIds) {
    this.#ids = ids;
  }

  /** `param`: the URL's parameters. The stream is not known yet. */
  connect(client: EventClient, vhost: string, app: string, param: string): HookBody {
    const { tcUrl, pageUrl } = client;
    return { ...this.#common("on_connect", client, vhost, app), stream: "", param, tcUrl, pageUrl };
  }

  /** `sent`, `received`: bytes of the whole connection. */
  close(client: EventClient, vhost: string, app: string, sent: number, received: number): HookBody {
    return { ...this.#common("on_close", client, vhost, app), send_bytes: sent, recv_bytes: received };
  }

  publish(client: EventClient, stream: EventStream): HookBody {
    return { ...this.#named("on_publish", client, stream), ...this.#idsOf(stream) };
  }

  unpublish(client: EventClient, stream: EventStream): HookBody {
    return { ...this.#named("on_unpublish", client, stream), ...this.#idsOf(stream) };
  }

  play(client: EventClient, stream: EventStream): HookBody {
    return { ...this.#named("on_play", client, stream), pageUrl: client.pageUrl, ...this.#idsOf(stream) };
  }

  stop(client: EventClient, stream: EventStream): HookBody {
    return { ...this.#named("on_stop", client, stream), ...this.#idsOf(stream) };
  }

  forward(client: EventClient, stream: EventStream): HookBody {
    return this.#named("on_forward", client, stream);
  }

  hls(client: EventClient, stream: EventStream, segment: StreamSegment, cwd: string): HookBody {
    return {
      ...this.#named("on_hls", client, stream),
      duration: segment.durationMs / 1000,
      cwd,
      file: segment.files?.segment ?? "",
      url: segment.url,
      m3u8: segment.files?.playlist ?? "",
      m3u8_url: segment.playlistUrl,
      seq_no: segment.number,
      ...this.#idsOf(stream),
    };
  }

  #common(action: HookEvent, { id, ip }: Pick<EventClient, "id" | "ip">, vhost: string, app: string): HookBody {
    const { serverId, serviceId } = this.#ids;
    const clientId = this.#ids.uniqueId(id);
    return { server_id: serverId, service_id: serviceId, action, client_id: clientId, ip, vhost, app };
  }

  #named(action: HookEvent, client: EventClient, { vhost, app, stream, param }: EventStream): HookBody {
    return { ...this.#common(action, client, vhost, app), tcUrl: client.tcUrl, stream, param };
  }

  #idsOf({ vhost, app, stream }: EventStream): HookBody {
    const key = `${vhost}/${app}/${stream}`;
    return { stream_url: streamLabel(key), stream_id: this.#ids.idOf(key) };
  }
}
