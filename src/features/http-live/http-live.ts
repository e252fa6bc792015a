import type { Timer } from "../../base/clock.ts";
import { Round } from "../../base/round.ts";
import type { HttpRequest } from "../../http/request.ts";
import { streamConfig } from "../../live/config.ts";
import type { AccessRequest } from "../../live/ports/access.ts";
import type { Entered } from "../../live/ports/entry.ts";
import type { Feature } from "../../live/ports/feature.ts";
import { type HttpExchange, type HttpRoute, redirectSchemes } from "../../live/ports/http.ts";
import type { Demand } from "../../live/readers/demand.ts";
import { streamLabel } from "../../live/streams.ts";
import type { StreamAddress } from "../../rtmp/address.ts";
import { type LiveAddress, readAddress } from "./address.ts";
import type { HttpLiveContext, HttpLiveVhost } from "./context.ts";
import { Flavours } from "./flavours.ts";
import { missingRefusal, nameRefusal, offRefusal } from "./refused.ts";
import { Viewer } from "./viewer.ts";

/** How often waiting viewers are checked. */
const LOOK_MS = 250;

/** Sends streams as one long answer: FLV, MPEG-TS, AAC and MP3, over HTTP and WebSocket. */
export class HttpLive implements Feature, HttpRoute {
  readonly name = "http_live";
  readonly http = [this];
  readonly #context: HttpLiveContext;
  readonly #flavours = new Flavours();
  readonly #viewers = new Set<Viewer>();
  /** After a change of the configuration. */
  readonly #rechecks: Round<Viewer>;
  /** Viewers whose answer has not begun. */
  readonly #waiting = new Set<Viewer>();
  readonly #looks: Round<Viewer>;
  /** Waiting viewers whose answer is known. They are answered in slices, as one flush may decide thousands. */
  readonly #answerable = new Set<Viewer>();
  readonly #answers: Round<Viewer>;
  #timer: Timer | undefined;

  constructor(context: HttpLiveContext) {
    this.#context = context;
    this.#rechecks = new Round(context.clock, this.#viewers, (viewer) => this.#recheck(viewer));
    this.#looks = new Round(context.clock, this.#waiting, (viewer) => viewer.look());
    this.#answers = new Round(context.clock, this.#answerable, (viewer) => {
      this.#answerable.delete(viewer);
      viewer.sendAnswer();
    });
  }

  handle(request: HttpRequest, exchange: HttpExchange): boolean {
    const asked = readAddress(request);
    if (asked === undefined) return false;
    const { names } = asked;
    if (!names.ok) {
      exchange.pass({ refused: nameRefusal(names.reason), about: { path: request.path } });
      return true;
    }
    const { vhost, app, stream } = names.address;
    const found = this.#context.entry().findVhost(vhost);
    if (found.ok && !found.vhost.config.http_remux.enabled) {
      exchange.pass({ refused: offRefusal(asked.ending), about: { stream: `/${app}/${stream}` } });
      return true;
    }
    const isHere = found.ok && this.#context.streams.find({ vhost: found.vhost.name, app, stream }) !== undefined;
    // Other routes come first: for a file of that name, neither guards nor origins are asked.
    if (isHere) this.#ask(request, exchange, asked, names.address);
    else exchange.pass(() => this.#ask(request, exchange, asked, names.address));
    return true;
  }

  #ask(
    request: HttpRequest,
    exchange: HttpExchange,
    asked: LiveAddress,
    { vhost, app, stream, param }: StreamAddress,
  ): void {
    const { host: address, port } = exchange.remote;
    // Browsers name the page of a WebSocket in Origin only.
    const pageUrl = request.header("referer") ?? request.header("origin") ?? "";
    const question: AccessRequest = {
      protocol: "http",
      address,
      port,
      tcUrl: asked.tcUrl,
      pageUrl,
      swfUrl: "",
      hops: [],
      forClient: false,
      clientId: exchange.client.id,
      action: "play",
      name: { vhost, app, stream },
      param,
      follows: request.webSocket ? [] : redirectSchemes(request),
    };
    let isAnswered = false;
    const asking = this.#context
      .entry()
      .client()
      .enter(question, (result) => {
        isAnswered = true;
        exchange.onGone = undefined;
        if (result.ok) this.#start(request, exchange, asked, question, result);
        else exchange.refuse(result, { stream: `/${app}/${stream}` });
      });
    if (!isAnswered) exchange.onGone = () => asking.cancel();
  }

  /** Disconnects viewers whose vhost no longer admits clients, or no longer has streams over HTTP. */
  reconfigure(): void {
    this.#rechecks.restart();
  }

  #recheck(viewer: Viewer): void {
    const found = this.#context.entry().recheckVhost(viewer.vhost);
    if (!found.ok) viewer.finish(found.reason);
    else if (!found.vhost.config.http_remux.enabled) viewer.finish("streams are not played over HTTP here any more");
  }

  #start(
    { method }: HttpRequest,
    exchange: HttpExchange,
    { ending, options }: LiveAddress,
    { tcUrl, pageUrl, swfUrl, hops }: AccessRequest,
    { vhost, name, param }: Entered<HttpLiveVhost>,
  ): void {
    if (exchange.gone) return;
    const demand: Demand = { param, tcUrl, pageUrl, swfUrl, hops };
    const { clock, streams, entry, searchMs } = this.#context;
    const known = streams.find(name);
    if (known === undefined && searchMs(name, demand) === 0) {
      const label = streamLabel(`${name.vhost}/${name.app}/${name.stream}`);
      streams.reportAbsent(name);
      exchange.refuse(missingRefusal(`nobody publishes ${label}`), { stream: label });
      return;
    }
    const stream = known ?? streams.open(name, streamConfig(vhost.config));
    const flavour = this.#flavours.of(stream, ending, options);
    const viewer = new Viewer({
      ...{ clock, exchange, stream, flavour, demand },
      headOnly: method === "HEAD",
      vhost: vhost.name,
      format: this.#flavours.framed(flavour, exchange.framing),
      searchMs: () => searchMs(name, demand),
      onUnpublish: () => entry().vhostNamed(vhost.name)?.config.http_remux.on_unpublish ?? "close",
      answerKnown: (one) => this.#answerSoon(one),
      settled: (one) => this.#settled(one),
      over: (one) => this.#viewers.delete(one),
    });
    this.#viewers.add(viewer);
    this.#waiting.add(viewer);
    viewer.begin();
    if (viewer.waits) this.#timer ??= this.#context.clock.every(LOOK_MS, () => this.#looks.begin());
  }

  #answerSoon(viewer: Viewer): void {
    if (this.#answerable.size === 0) this.#context.clock.soon(() => this.#answers.begin());
    this.#answerable.add(viewer);
  }

  #settled(viewer: Viewer): void {
    this.#waiting.delete(viewer);
    if (this.#waiting.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
