import { formatHostPort, type ListenAddress } from "../../base/address.ts";
import type { Change } from "../../base/change.ts";
import { UserError } from "../../base/errors.ts";
import type { Listener } from "../../io/tcp.ts";

/** Told what opens and closes, once it takes effect. */
export interface ListenersEvents {
  listening(address: ListenAddress): void;
  stopped(address: ListenAddress): void;
  /** An address that had to be given up for a change that failed can't be had back. */
  lost(address: ListenAddress, error: UserError): void;
}

/** The addresses that are listened on. A change of them leaves alone those that stay, and every connection. */
export class Listeners {
  readonly #listen: (address: ListenAddress) => Listener;
  readonly #events: ListenersEvents;
  readonly #open = new Map<string, Listener>();

  /** `listen` throws UserError when the address can't be had. */
  constructor(listen: (address: ListenAddress) => Listener, events: ListenersEvents) {
    this.#listen = listen;
    this.#events = events;
  }

  /** Makes ready to listen on these addresses and no others. Throws UserError, one line for each that can't be had. */
  prepare(addresses: readonly ListenAddress[]): Change {
    const wanted = keyed(addresses);
    for (const key of wanted.keys()) this.#recognise(key);
    const leaving = [...this.#open].filter(([key]) => !wanted.has(key));
    const opened = new Map<string, Listener>();
    const givenUp = new Set<string>();
    const errors: string[] = [];
    for (const [key, address] of wanted) {
      if (this.#open.has(key)) continue;
      // "Every address" and one of them can't be listened on together: the old one goes first.
      for (const [old, listener] of leaving) {
        if (listener.address.port !== address.port || givenUp.has(old)) continue;
        listener.stop();
        givenUp.add(old);
      }
      try {
        opened.set(key, this.#listen(address));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        errors.push(error.message);
      }
    }
    const discard = () => {
      for (const listener of opened.values()) listener.stop();
      for (const key of givenUp) this.#takeBack(key);
    };
    if (errors.length > 0) {
      discard();
      throw new UserError(errors.join("\n"));
    }
    return { discard, apply: () => this.#exchange(leaving, givenUp, opened) };
  }

  /** Listens on nothing any more; connections stay. */
  stop(): void {
    for (const listener of this.#open.values()) listener.stop();
    this.#open.clear();
  }

  /** One that was asked for by another spelling (port 0) may be just the one that is wanted. */
  #recognise(wanted: string): void {
    if (this.#open.has(wanted)) return;
    for (const [key, listener] of this.#open) {
      if (formatHostPort(listener.address) !== wanted) continue;
      this.#open.delete(key);
      this.#open.set(wanted, listener);
      return;
    }
  }

  #takeBack(key: string): void {
    const address = this.#open.get(key)?.address;
    if (address === undefined) return;
    this.#open.delete(key);
    try {
      this.#open.set(key, this.#listen(address));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#events.lost(address, error);
    }
  }

  #exchange(
    leaving: readonly (readonly [string, Listener])[],
    givenUp: ReadonlySet<string>,
    opened: ReadonlyMap<string, Listener>,
  ): void {
    for (const [key, listener] of leaving) {
      if (!givenUp.has(key)) listener.stop();
      this.#open.delete(key);
      this.#events.stopped(listener.address);
    }
    for (const [key, listener] of opened) {
      this.#open.set(key, listener);
      this.#events.listening(listener.address);
    }
  }
}

/** Addresses by what tells them apart. Port 0 is another port each time, so it may be there more than once. */
function keyed(addresses: readonly ListenAddress[]): Map<string, ListenAddress> {
  const wanted = new Map<string, ListenAddress>();
  for (const address of addresses) {
    let key = formatHostPort(address);
    while (wanted.has(key)) key = `another ${key}`;
    wanted.set(key, address);
  }
  return wanted;
}
