import { formatHostPort, type ListenAddress } from "../../base/address.ts";
import type { Change } from "../../base/change.ts";
import { UserError } from "../../base/errors.ts";
import type { ListenEndpoint } from "./listen-endpoint.ts";
import type { Listener } from "./tcp.ts";

/** Callbacks for opened and closed addresses, once a change takes effect. */
export interface ListenersEvents {
  listening(address: ListenAddress, endpoint: ListenEndpoint): void;
  stopped(address: ListenAddress): void;
  /** An address was given up for a change that then failed, and can't be bound again. */
  lost(address: ListenAddress, error: UserError): void;
}

/** A listener and its current endpoint. */
interface Open {
  readonly listener: Listener;
  endpoint: ListenEndpoint;
}

/** The listening sockets. A change of addresses affects neither those that stay nor any connection. */
export class Listeners {
  readonly #listen: (endpoint: () => ListenEndpoint) => Listener;
  readonly #events: ListenersEvents;
  readonly #open = new Map<string, Open>();

  /** `listen` throws UserError when the address can't be bound. An endpoint's protocol may change later, its address not. */
  constructor(listen: (endpoint: () => ListenEndpoint) => Listener, events: ListenersEvents) {
    this.#listen = listen;
    this.#events = events;
  }

  /** Prepares to listen on exactly these addresses. Throws UserError, one line for each that can't be bound. */
  prepare(endpoints: readonly ListenEndpoint[]): Change {
    const wanted = keyed(endpoints);
    for (const key of wanted.keys()) this.#recognise(key);
    const leaving = [...this.#open].filter(([key]) => !wanted.has(key));
    const opened = new Map<string, Open>();
    const givenUp = new Set<string>();
    const errors: string[] = [];
    for (const [key, endpoint] of wanted) {
      if (this.#open.has(key)) continue;
      // "Every address" and one of them can't be bound together: the old one is closed first.
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

  /** What another process needs to continue listening: the requested address, the bound one, and the descriptor. */
  get open(): { readonly wanted: ListenAddress; readonly address: ListenAddress; readonly fd: number }[] {
    return [...this.#open.values()].flatMap(({ endpoint: { host, port }, listener: { address, fd } }) =>
      fd === undefined ? [] : [{ wanted: { host, port }, address, fd }],
    );
  }

  /** The bound addresses with their endpoints. */
  get bound(): readonly { readonly address: ListenAddress; readonly endpoint: ListenEndpoint }[] {
    return [...this.#open.values()].map(({ endpoint, listener: { address } }) => ({ address, endpoint }));
  }

  /** Closes all listeners; connections stay. */
  stop(): void {
    for (const { listener } of this.#open.values()) listener.stop();
    this.#open.clear();
  }

  /** A listener requested by another spelling (port 0) may be bound to the wanted address. */
  #recognise(wanted: string): void {
    if (this.#open.has(wanted)) return;
    for (const [key, open] of this.#open) {
      if (formatHostPort(open.listener.address) !== wanted) continue;
      this.#open.delete(key);
      this.#open.set(wanted, open);
      return;
    }
  }

  /** The protocol changes at an address that stays. */
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

/** Addresses by identity. Port 0 is another port each time, so it may occur more than once. */
function keyed(endpoints: readonly ListenEndpoint[]): Map<string, ListenEndpoint> {
  const wanted = new Map<string, ListenEndpoint>();
  for (const endpoint of endpoints) {
    let key = formatHostPort(endpoint);
    while (wanted.has(key)) key = `another ${key}`;
    wanted.set(key, endpoint);
  }
  return wanted;
}
