import { formatHostPort, type ListenAddress } from "../../base/address.ts";
import type { Change } from "../../base/change.ts";
import { UserError } from "../../base/errors.ts";
import type { ListenEndpoint } from "./listen-endpoint.ts";
import type { Listener } from "./tcp.ts";

/** Told what opens and closes, once it takes effect. */
export interface ListenersEvents {
  listening(address: ListenAddress, endpoint: ListenEndpoint): void;
  stopped(address: ListenAddress): void;
  /** An address that had to be given up for a change that failed can't be had back. */
  lost(address: ListenAddress, error: UserError): void;
}

/** A listener, and what comes in there now. */
interface Open {
  readonly listener: Listener;
  endpoint: ListenEndpoint;
}

/** The addresses that are listened on. A change of them leaves alone those that stay, and every connection. */
export class Listeners {
  readonly #listen: (endpoint: () => ListenEndpoint) => Listener;
  readonly #events: ListenersEvents;
  readonly #open = new Map<string, Open>();

  /** `listen` throws UserError when the address can't be had. What comes in at the endpoint may change later, its address not. */
  constructor(listen: (endpoint: () => ListenEndpoint) => Listener, events: ListenersEvents) {
    this.#listen = listen;
    this.#events = events;
  }

  /** Makes ready to listen on these addresses and no others. Throws UserError, one line for each that can't be had. */
  prepare(endpoints: readonly ListenEndpoint[]): Change {
    const wanted = keyed(endpoints);
    for (const key of wanted.keys()) this.#recognise(key);
    const leaving = [...this.#open].filter(([key]) => !wanted.has(key));
    const opened = new Map<string, Open>();
    const givenUp = new Set<string>();
    const errors: string[] = [];
    for (const [key, endpoint] of wanted) {
      if (this.#open.has(key)) continue;
      // "Every address" and one of them can't be listened on together: the old one goes first.
      for (const [old, { listener }] of leaving) {
        if (listener.address.port !== endpoint.port || givenUp.has(old)) continue;
        listener.stop();
        givenUp.add(old);
      }
      try {
        opened.set(key, this.#bind(endpoint));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        errors.push(error.message);
      }
    }
    const discard = () => {
      for (const { listener } of opened.values()) listener.stop();
      for (const key of givenUp) this.#takeBack(key);
    };
    if (errors.length > 0) {
      discard();
      throw new UserError(errors.join("\n"));
    }
    const apply = () => {
      this.#exchange(leaving, givenUp, opened);
      for (const [key, endpoint] of wanted) this.#change(key, endpoint);
    };
    return { discard, apply };
  }

  /** What another process needs to go on listening at these addresses: what was asked for, what it became, and its descriptor. */
  get open(): { readonly wanted: ListenAddress; readonly address: ListenAddress; readonly fd: number }[] {
    return [...this.#open.values()].flatMap(({ endpoint: { host, port }, listener: { address, fd } }) =>
      fd === undefined ? [] : [{ wanted: { host, port }, address, fd }],
    );
  }

  /** Listens on nothing any more; connections stay. */
  stop(): void {
    for (const { listener } of this.#open.values()) listener.stop();
    this.#open.clear();
  }

  /** One that was asked for by another spelling (port 0) may be just the one that is wanted. */
  #recognise(wanted: string): void {
    if (this.#open.has(wanted)) return;
    for (const [key, open] of this.#open) {
      if (formatHostPort(open.listener.address) !== wanted) continue;
      this.#open.delete(key);
      this.#open.set(wanted, open);
      return;
    }
  }

  /** Another kind of connections comes in where we listen already. */
  #change(key: string, endpoint: ListenEndpoint): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    const { protocol, plain, tls, proxied } = open.endpoint;
    const isSameKind = plain === endpoint.plain && tls === endpoint.tls && proxied === endpoint.proxied;
    open.endpoint = endpoint;
    if (protocol !== endpoint.protocol || !isSameKind) this.#events.listening(open.listener.address, endpoint);
  }

  #bind(endpoint: ListenEndpoint): Open {
    const open = { endpoint };
    return Object.assign(open, { listener: this.#listen(() => open.endpoint) });
  }

  #takeBack(key: string): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    const { address } = open.listener;
    this.#open.delete(key);
    try {
      this.#open.set(key, this.#bind({ ...open.endpoint, ...address }));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#events.lost(address, error);
    }
  }

  #exchange(
    leaving: readonly (readonly [string, Open])[],
    givenUp: ReadonlySet<string>,
    opened: ReadonlyMap<string, Open>,
  ): void {
    for (const [key, { listener }] of leaving) {
      if (!givenUp.has(key)) listener.stop();
      this.#open.delete(key);
      this.#events.stopped(listener.address);
    }
    for (const [key, open] of opened) {
      this.#open.set(key, open);
      this.#events.listening(open.listener.address, open.endpoint);
    }
  }
}

/** Addresses by what tells them apart. Port 0 is another port each time, so it may be there more than once. */
function keyed(endpoints: readonly ListenEndpoint[]): Map<string, ListenEndpoint> {
  const wanted = new Map<string, ListenEndpoint>();
  for (const endpoint of endpoints) {
    let key = formatHostPort(endpoint);
    while (wanted.has(key)) key = `another ${key}`;
    wanted.set(key, endpoint);
  }
  return wanted;
}
