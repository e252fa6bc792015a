import type { HostPort } from "../../base/address.ts";
import type { AccessRequest, Elsewhere } from "../../live/ports/access.ts";
import type { ClientEntry, Connected, Entered, Refused } from "../../live/ports/entry.ts";
import type { Demand } from "../../live/readers/demand.ts";
import { type AddressResult, resolve } from "../../rtmp/address.ts";
import type { ConnectRequest } from "../../rtmp/connect.ts";
import type { RtmpContext, RtmpVhost } from "./context.ts";
import type { Question } from "./pending.ts";

/** Stands for any vhost that a stream's name may lead to. */
const ANOTHER_VHOST = "_";

/** One connection's requests to the entry: takes the names from the client's messages. */
export class Admission {
  readonly #entry: ClientEntry<RtmpVhost>;
  readonly #id: string;
  /** The client's address. */
  remote: HostPort = { host: "", port: 0 };
  #request: ConnectRequest | undefined;

  constructor({ entry }: Pick<RtmpContext, "entry">, id: string) {
    this.#entry = entry.client();
    this.#id = id;
  }

  /** The client's `connect` request. */
  get request(): ConnectRequest | undefined {
    return this.#request;
  }

  /** The address that grants rights; `""` for a server that asks on behalf of one of its clients. */
  get rightsAddress(): string {
    return this.#request?.forClient ? "" : this.remote.host;
  }

  /** Whether the client may connect; answers at once, or when the guards have decided. */
  connect(request: ConnectRequest): Question<Connected<RtmpVhost> | Refused> {
    this.#request = request;
    return (answer) => {
      // The stream is not known yet: any name finds the vhost.
      const names = this.#names("any");
      if (!names.ok) return answered(() => answer(nameRefusal("connect", names.reason)));
      const { vhost, app, param } = names.address;
      return this.#entry.connect({ ...this.#client(), vhost, app, param }, this.#mayChangeVhost(), answer);
    };
  }

  /** Whether the client may publish or play `name`; answers at once, or when the guards have decided. */
  question(action: "publish" | "play", name: string): Question<Entered<RtmpVhost> | Refused> {
    return (answer) => {
      const names = this.#names(name);
      if (!names.ok) return answered(() => answer(nameRefusal("name", names.reason)));
      const { vhost, app, stream, param } = names.address;
      const follows = this.#follows;
      return this.#entry.enter({ ...this.#client(), action, name: { vhost, app, stream }, param, follows }, answer);
    };
  }

  /** The demand of a client that wants to play a stream. */
  demand(param: string): Demand {
    const { tcUrl, pageUrl, swfUrl, hops } = this.#client();
    return { param, tcUrl, pageUrl, swfUrl, hops };
  }

  /** The stream's name for the log. */
  label(name: string): string {
    const names = this.#names(name);
    return names.ok ? `/${names.address.app}/${names.address.stream}` : name;
  }

  /** A stream's address at another server, for a client that follows redirects: the URL to connect to, and the stream's whole URL. */
  elsewhere(name: string, { server, params }: Elsewhere): { readonly tcUrl: string; readonly url: string } {
    const names = this.#names(name);
    const { app = "", stream = "", param = "" } = names.ok ? names.address : {};
    const tcUrl = `${server}/${app}`;
    return { tcUrl, url: `${tcUrl}/${stream}${param === "" ? "?" : `${param}&`}${params}` };
  }

  /** Schemes of the servers that the client may be sent to: a client with TLS is sent only to servers with TLS. */
  get #follows(): readonly string[] {
    if (!this.#request?.follows) return [];
    return this.#request.tcUrl.startsWith("rtmps:") ? ["rtmps"] : ["rtmp", "rtmps"];
  }

  #names(name: string): AddressResult {
    return resolve(this.#request?.tcUrl, this.#request?.app, name);
  }

  #client(): Omit<AccessRequest, "action" | "name" | "param"> {
    const { tcUrl = "", pageUrl = "", swfUrl = "", hops = [], forClient = false } = this.#request ?? {};
    const { host: address, port } = this.remote;
    return { protocol: "rtmp", address, port, tcUrl, pageUrl, swfUrl, hops, forClient, clientId: this.#id };
  }

  /** Whether a stream's name may still lead to a vhost other than connect's. */
  #mayChangeVhost(): boolean {
    const names = this.#names(`any?vhost=${ANOTHER_VHOST}`);
    return names.ok && names.address.vhost === ANOTHER_VHOST;
  }
}

function nameRefusal(rule: string, reason: string): Refused {
  return { ok: false, rule, kind: "name", reason };
}

/** Answers at once; there is nothing to cancel. */
function answered(answer: () => void): ReturnType<Question<never>> {
  answer();
  return { cancel: () => undefined };
}
