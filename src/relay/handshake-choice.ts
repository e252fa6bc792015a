/**
 * Which handshake one server takes, shared by all connections to it. Some servers close on a digest that they don't know; one
 * that closes on everybody for a while must not lose its digest for good.
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
