/**
 * The handshake that a server accepts, shared by all connections to it. Some servers close on an unknown digest; a server that
 * closes on every client for a while must not lose the digest for good.
 */
export class HandshakeChoice {
  #simple = false;

  /** Whether the next connection goes without a digest. */
  get simple(): boolean {
    return this.#simple;
  }

  /** The server closed before it answered this handshake: the next connection tries the other one. */
  closedOn(simple: boolean): void {
    this.#simple = !simple;
  }

  /** The server answered this handshake: the next connections use it. */
  answered(simple: boolean): void {
    this.#simple = simple;
  }
}
