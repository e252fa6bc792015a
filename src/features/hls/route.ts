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
import type { HlsContext, HlsVhost } from "./context.ts";
import { type GroupMember, whenAnswerable } from "./group.ts";
import type { HlsStream } from "./hls-stream.ts";
import type { HlsStreams } from "./hls-streams.ts";
import { askedLink } from "./known-links.ts";
import { linkQuery, type QueryOf } from "./links.ts";
import { sendList } from "./list-answers.ts";
import type { WaitResult } from "./list-waits.ts";
import { multivariantPlaylist } from "./multivariant.ts";
import { noKey, stoppedPart, stoppedVariant, switchedOff, unlistedRefusal } from "./refusals.ts";
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

/** The same, with the viewer's id. */
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
    if (typeof address === "string") exchange.refuse({ ok: false, rule: "name", kind: "name", reason: address });
    else return this.#playlist({ request, exchange, address });
    return true;
  }

  /** Answers a viewer who has asked by this link before. */
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
      exchange.refuse({
        ok: false,
        rule: "session",
        kind: "denied",
        reason: "the operator has disconnected this viewer",
      });
      return true;
    }
    const known = { ...asking, viewerId: this.#sessions.idOf(token) };
    const question = this.#context
      .entry()
      .client()
      .enter(this.#accessRequest(known), (result) => {
        exchange.onGone = undefined;
        if (exchange.gone) return;
        if (result.ok) this.#entered(known, result);
        else exchange.refuse(result);
      });
    if (!exchange.gone) exchange.onGone ??= () => question.cancel();
    return true;
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
    // A reload may have switched it off meanwhile.
    if (!hls.enabled) {
      exchange.pass(switchedOff(name));
      return;
    }
    const group = this.#streams.group(name, hls);
    if (address.key !== undefined && group.keyNamed(address.key) === undefined) {
      exchange.refuse(noKey);
      return;
    }
    const url = urlOf(request, name.app);
    const demand = { param, hops: [], tcUrl: url, pageUrl: request.header("referer") ?? "", swfUrl: "" };
    const isPublished = (of: StreamName) => this.#context.streams.find(of)?.source !== undefined;
    const isHere = group.members.length > 0 || group.names.some(isPublished);
    const isSearched = this.#context.searchMs(name, demand) > 0;
    if (!isHere && !isSearched) {
      this.#context.streams.reportAbsent(name);
      exchange.refuse(this.#streams.absent(name));
      return;
    }
    const members = group.open(hls);
    const config = streamConfig(entered.vhost.config);
    // Where they are fetched, all are wanted, so that players have them to choose from; here, one that there is.
    const [first = name, ...others] = isSearched ? group.names : [group.names.find(isPublished) ?? name];
    const streams = {
      find: (of: StreamName) => this.#context.streams.find(of),
      open: (of: StreamName) => this.#context.streams.open(of, config),
    };
    const software = request.header("user-agent") ?? "";
    const viewer = { id: viewerId, remote: exchange.remote, url: `${url}/${name.stream}.m3u8`, software, demand };
    const opened = this.#session(hls.hls_ctx, address, { group, names: [first, ...others], streams }, viewer);
    if (!("token" in opened)) {
      group.closeIdle();
      exchange.refuse(opened);
      return;
    }
    this.#whenListed(asking, opened, members, hls.hls_ctx);
  }

  /** The viewer's session, or the one of all viewers where they have none of their own. */
  #session(own: boolean, { token }: PlaylistAddress, watched: Watched, viewer: Viewer): Session | Refused {
    const { key } = watched.group;
    const wanted = own ? (token ?? this.#context.randomHex(16)) : `all of ${key}`;
    const known = this.#sessions.ask(wanted);
    if (known?.group.key === key) return known;
    // A token may come from another server, on which it stands for the same viewer.
    return this.#sessions.open(known === undefined ? wanted : this.#context.randomHex(16), watched, viewer);
  }

  /** Answers when there is a playlist with what viewers want now. */
  #whenListed(asking: Asking, session: Session, members: readonly GroupMember[], own: boolean): void {
    const { request, exchange, address } = asking;
    const { group, viewer } = session;
    const namesNone = [address.key, address.variant, address.part, address.token].every((name) => name === undefined);
    const isFirst = namesNone && (own || group.hasVariants);
    const answer = (what: WaitResult) => {
      exchange.onGone = undefined;
      session.onRefused = undefined;
      if (exchange.gone) return;
      if (group.playable.length === 0) this.#refuse(exchange, session, unlistedRefusal(group, members, what));
      else {
        if (own) this.#sessions.begin(session, address.token !== undefined);
        if (isFirst) this.#sendMultivariant(request, exchange, address, session, own);
        else this.#send(asking, session);
      }
    };
    // What is listed of a stream that has been away, or has to be fetched first, may be old; who has a token has been here before.
    const isFresh = (hls: HlsStream) => {
      const isCurrent = () => (hls.live ? !hls.stale : this.#context.searchMs(hls.name, viewer.demand) === 0);
      if (isFirst && awaitsRendition(hls)) return false;
      return hls.listed && (address.token !== undefined || address.key !== undefined || isCurrent());
    };
    const waiting = whenAnswerable(members, isFresh, answer);
    if (waiting === undefined) return;
    const stop = () => {
      waiting.cancel();
      session.onRefused = undefined;
    };
    session.onRefused = (refused) => {
      stop();
      exchange.onGone = undefined;
      exchange.refuse(refused);
    };
    exchange.onGone = () => {
      stop();
      if (own && !session.begun) this.#sessions.end(session, "lost", undefined);
    };
  }

  #refuse(exchange: HttpExchange, session: Session, refused: Refused): void {
    if (!session.begun) this.#sessions.end(session, "lost", undefined);
    exchange.refuse(refused);
  }

  /** The media playlist, or a key that it names. */
  #send({ request, exchange, address }: Asking, session: Session, directives = request.query): void {
    const { group } = session;
    if (address.key !== undefined) this.#sendKey(exchange, group.keyNamed(address.key));
    else {
      const main = group.playableBy(address.variant);
      const hls = main && partOf(main, address.part);
      if (main === undefined || hls === undefined) exchange.refuse(main === undefined ? stoppedVariant : stoppedPart);
      else {
        sendList(exchange, new AskedList(hls, main, session, address), directives);
      }
    }
  }

  #sendKey(exchange: HttpExchange, key: SegmentKey | undefined): void {
    const headers = { "cache-control": "no-store" };
    if (key === undefined) exchange.refuse(noKey);
    else exchange.respond({ status: 200, type: KEY_TYPE, headers, body: keyBytes(key.hex) });
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

function urlOf({ secure, host }: HttpRequest, app: string): string {
  return `${secure ? "https" : "http"}://${host}/${app}`;
}
