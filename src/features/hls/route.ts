import type { HttpRequest } from "../../http/request.ts";
import { streamConfig } from "../../live/config.ts";
import type { AccessRequest } from "../../live/ports/access.ts";
import type { Pathways } from "../../live/ports/director.ts";
import type { Entered, Refused } from "../../live/ports/entry.ts";
import { type HttpExchange, type HttpRoute, redirectSchemes } from "../../live/ports/http.ts";
import type { StreamName } from "../../live/streams.ts";
import { type PlaylistAddress, playlistAddress } from "./address.ts";
import { AskedList } from "./asked-list.ts";
import { awaitsRendition, partOf } from "./choices.ts";
import type { HlsConfig } from "./config.ts";
import type { HlsContext, HlsVhost } from "./context.ts";
import { type HlsGroup, whenAnswerable } from "./group.ts";
import type { HlsStream } from "./hls-stream.ts";
import type { HlsStreams } from "./hls-streams.ts";
import { askedLink } from "./known-links.ts";
import { linkQuery, type QueryOf } from "./links.ts";
import { sendList } from "./list-answers.ts";
import type { WaitResult } from "./list-waits.ts";
import { multivariantPlaylist } from "./multivariant.ts";
import { kicked, noKey, stoppedPart, stoppedVariant, switchedOff, unlistedRefusal } from "./refusals.ts";
import type { SegmentKey } from "./segment.ts";
import { SegmentAnswers } from "./segment-answers.ts";
import { keyBytes } from "./segment-keys.ts";
import type { Session, Sessions, Viewer, Watched } from "./sessions.ts";

const PLAYLIST_TYPE = "application/vnd.apple.mpegurl";
const KEY_TYPE = "application/octet-stream";

/** A request for a playlist on its way through the guards. */
interface Asking {
  readonly request: HttpRequest;
  readonly exchange: HttpExchange;
  readonly address: PlaylistAddress;
}

/** A request for a playlist, with the viewer's id. */
interface ViewerAsking extends Asking {
  readonly viewerId: string;
}

/** Answers requests for playlists and segments. */
export class HlsRoute implements HttpRoute {
  readonly #context: HlsContext;
  readonly #streams: HlsStreams;
  readonly #sessions: Sessions;
  readonly #segments: SegmentAnswers;

  constructor(context: HlsContext, streams: HlsStreams, sessions: Sessions) {
    this.#context = context;
    this.#streams = streams;
    this.#sessions = sessions;
    this.#segments = new SegmentAnswers(streams);
  }

  handle(request: HttpRequest, exchange: HttpExchange): boolean {
    if (!request.path.endsWith(".m3u8") && this.#segments.handle(request.path, exchange)) return true;
    if (this.#sendAgain(request, exchange)) return true;
    const address = playlistAddress(request);
    if (address === undefined) return false;
    if (typeof address === "string") {
      const refused: Refused = { ok: false, rule: "name", kind: "name", reason: address };
      exchange.pass({ refused, about: { path: request.path } });
    } else return this.#playlist({ request, exchange, address });
    return true;
  }

  /** Answers a viewer that has asked by this link before; false for other requests. */
  #sendAgain(request: HttpRequest, exchange: HttpExchange): boolean {
    const asked = askedLink(request.query);
    const session = asked && this.#sessions.find(asked.token);
    const address = asked && session?.links.find(asked, request);
    if (session === undefined || address === undefined) return false;
    this.#sessions.ask(session.token);
    this.#send({ request, exchange, address }, session, asked?.directives);
    return true;
  }

  #playlist(asking: Asking): boolean {
    const { address, exchange, request } = asking;
    const { token, app, stream } = address;
    const session = token === undefined ? undefined : this.#sessions.ask(token);
    if (session?.group.name.app === app && session.group.name.stream === stream && session.begun) {
      const asked = askedLink(request.query);
      if (asked !== undefined) session.links.add(asked, request, address);
      this.#send(asking, session);
      return true;
    }
    const found = this.#context.entry().findVhost(address.vhost);
    if (found.ok && !found.vhost.config.hls.enabled) {
      exchange.pass(switchedOff(address));
      return true;
    }
    if (token !== undefined && this.#sessions.isBanned(token)) {
      refuse(asking, kicked);
      return true;
    }
    const isOwn = found.ok && this.#isOwn({ vhost: found.vhost.name, app, stream }, found.vhost.config.hls);
    // Another route may have a file of that name: guards and origins are asked only if none has.
    if (isOwn) this.#ask(asking);
    else exchange.pass(() => this.#ask(asking));
    return true;
  }

  #ask(asking: Asking): void {
    const { address, exchange } = asking;
    const known = { ...asking, viewerId: this.#sessions.idOf(address.token) };
    const question = this.#context
      .entry()
      .client()
      .enter(this.#accessRequest(known), (result) => {
        exchange.onGone = undefined;
        if (exchange.gone) return;
        if (result.ok) this.#entered(known, result);
        else refuse(asking, result);
      });
    if (!exchange.gone) exchange.onGone ??= () => question.cancel();
  }

  /** Whether no other route may answer. A playlist file below `hls_path` may be an earlier process's, and long out of date. */
  #isOwn(name: StreamName, hls: HlsConfig): boolean {
    return hls.hls_path !== "" || this.#isHere(this.#streams.group(name, hls));
  }

  /** Whether a stream of the group is published here, or was until a while ago. */
  #isHere({ members, names }: HlsGroup): boolean {
    return members.length > 0 || names.some((of) => this.#isPublished(of));
  }

  #isPublished(name: StreamName): boolean {
    return this.#context.streams.find(name)?.source !== undefined;
  }

  #accessRequest({ request, exchange, address, viewerId }: ViewerAsking): AccessRequest {
    const { vhost, app, stream, param } = address;
    const { host, port } = exchange.remote;
    return {
      protocol: "hls",
      action: "play",
      address: host,
      port,
      tcUrl: urlOf(request, app),
      pageUrl: request.header("referer") ?? "",
      swfUrl: "",
      hops: [],
      forClient: false,
      clientId: viewerId,
      name: { vhost, app, stream },
      param,
      // Other servers may have other keys.
      follows: address.key === undefined ? redirectSchemes(request) : [],
    };
  }

  #entered(asking: ViewerAsking, entered: Entered<HlsVhost>): void {
    const { request, exchange, address, viewerId } = asking;
    const { name, param } = entered;
    const { hls } = entered.vhost.config;
    // A reload may have switched HLS off meanwhile.
    if (!hls.enabled) {
      exchange.pass(switchedOff(name));
      return;
    }
    const group = this.#streams.group(name, hls);
    if (address.key !== undefined && group.keyNamed(address.key) === undefined) {
      refuse(asking, noKey);
      return;
    }
    const url = urlOf(request, name.app);
    const demand = { param, hops: [], tcUrl: url, pageUrl: request.header("referer") ?? "", swfUrl: "" };
    const isSearched = this.#context.searchMs(name, demand) > 0;
    if (!this.#isHere(group) && !isSearched) {
      this.#context.streams.reportAbsent(name);
      refuse(asking, this.#streams.absent(name));
      return;
    }
    group.open(hls);
    const config = streamConfig(entered.vhost.config);
    // Variants that are fetched are all wanted, so that players can choose; of those published here, one is enough.
    const [first = name, ...others] = isSearched
      ? group.names
      : [group.names.find((of) => this.#isPublished(of)) ?? name];
    const streams = {
      find: (of: StreamName) => this.#context.streams.find(of),
      open: (of: StreamName) => this.#context.streams.open(of, config),
    };
    const software = request.header("user-agent") ?? "";
    const viewer = { id: viewerId, remote: exchange.remote, url: `${url}/${name.stream}.m3u8`, software, demand };
    const watched = { group, names: [first, ...others] as const, wantsAll: isSearched, streams };
    const opened = this.#session(hls.hls_ctx, address, watched, viewer);
    if (!("token" in opened)) {
      group.closeIdle();
      refuse(asking, opened);
      return;
    }
    this.#whenListed(asking, opened, hls.hls_ctx);
  }

  /** The viewer's session, or the stream's one session where viewers have none of their own. */
  #session(own: boolean, { token }: PlaylistAddress, watched: Watched, viewer: Viewer): Session | Refused {
    const { key } = watched.group;
    const wanted = own ? (token ?? this.#context.randomHex(16)) : `all of ${key}`;
    const known = this.#sessions.ask(wanted);
    if (known?.group.key === key) return known;
    // A token that is unknown here may come from another server: the viewer keeps it.
    return this.#sessions.open(known === undefined ? wanted : this.#context.randomHex(16), watched, viewer);
  }

  /** Answers once there is a playlist that is not out of date. */
  #whenListed(asking: Asking, session: Session, own: boolean): void {
    const { request, exchange, address } = asking;
    const { group, viewer } = session;
    const namesNone = [address.key, address.variant, address.part, address.token].every((name) => name === undefined);
    // Variants may come while the request waits: the stream's source tells them.
    const isFirst = () => namesNone && (own || group.hasVariants);
    let waits: { cancel(): void } | undefined;
    const stop = () => {
      waits?.cancel();
      exchange.onGone = undefined;
      session.waiting.delete(refused);
    };
    const refused = (why: Refused) => {
      stop();
      refuse(asking, why);
    };
    const answer = (what: WaitResult) => {
      stop();
      if (exchange.gone) return;
      const isPlayable = group.playable.length > 0;
      if (!isPlayable) refuse(asking, unlistedRefusal(group, what));
      else {
        // The answer to HEAD has no link that a player could follow.
        if (own && request.method === "GET") this.#sessions.begin(session, address.token !== undefined);
        if (isFirst()) this.#sendMultivariant(request, exchange, address, session, own);
        else this.#send(asking, session);
      }
      if (own || !isPlayable) this.#sessions.endUnbegun(session);
    };
    // The list of a stream that was away, or that has to be fetched first, may be old; a viewer with a token has had it before.
    const isFresh = (hls: HlsStream) => {
      const isCurrent = () => (hls.live ? !hls.stale : this.#context.searchMs(hls.name, viewer.demand) === 0);
      if (isFirst() && awaitsRendition(hls)) return false;
      return hls.listed && (address.token !== undefined || address.key !== undefined || isCurrent());
    };
    const { clock } = this.#context;
    waits = whenAnswerable({ group, variant: address.variant, isFresh, now: () => clock.now() }, answer);
    if (waits === undefined) return;
    session.waiting.add(refused);
    exchange.onGone = () => {
      stop();
      if (own) this.#sessions.endUnbegun(session);
    };
  }

  /** Sends the media playlist, or a key that it names. */
  #send(asking: Asking, session: Session, directives = asking.request.query): void {
    const { exchange, address } = asking;
    const { group } = session;
    if (address.key !== undefined) {
      this.#sendKey(asking, group.keyNamed(address.key));
      return;
    }
    const main = group.playableBy(address.variant);
    const hls = main && partOf(main, address.part);
    if (main === undefined || hls === undefined) refuse(asking, main === undefined ? stoppedVariant : stoppedPart);
    else sendList(exchange, new AskedList(hls, main, session, address), directives);
  }

  #sendKey(asking: Asking, key: SegmentKey | undefined): void {
    const headers = { "cache-control": "no-store" };
    if (key === undefined) refuse(asking, noKey);
    else asking.exchange.respond({ status: 200, type: KEY_TYPE, headers, body: keyBytes(key.hex) });
  }

  #sendMultivariant(
    request: HttpRequest,
    exchange: HttpExchange,
    { query }: PlaylistAddress,
    { group, token }: Session,
    own: boolean,
  ): void {
    const { name, hasVariants, playable } = group;
    const queryOf: QueryOf = (suffix, part) =>
      linkQuery(query, own ? token : undefined, hasVariants ? suffix : undefined, part);
    const send = (pathways: Pathways | undefined) => {
      const body = multivariantPlaylist(name, playable, queryOf, pathways);
      exchange.respond({ status: 200, type: PLAYLIST_TYPE, headers: { "cache-control": "no-store" }, body });
    };
    const pathways = this.#context.pathways(name, exchange.remote.host, request);
    if (pathways instanceof Promise) void pathways.then(send);
    else send(pathways);
  }
}

function refuse({ exchange, address: { app, stream } }: Asking, refused: Refused): void {
  exchange.refuse(refused, { stream: `/${app}/${stream}` });
}

function urlOf({ secure, host }: HttpRequest, app: string): string {
  return `${secure ? "https" : "http"}://${host}/${app}`;
}
