import type { Transport, TransportHandler } from "../../src/base/transport.ts";
import { Tcp } from "../../src/io/net/tcp.ts";
import { Certificates } from "../../src/io/tls/certificates.ts";
import { Trust } from "../../src/io/tls/trust.ts";
import { ca, local } from "../vectors/certificates.ts";
import { concat } from "./bytes.ts";
import { CertificateFolder } from "./certificate-files.ts";
import { FakeClock } from "./fake-clock.ts";

/** One end of a connection: keeps what it is told, and lets a test wait for it. */
export class End implements TransportHandler {
  readonly opened = Promise.withResolvers<Transport>();
  readonly closed = Promise.withResolvers<string | undefined>();
  closes = 0;
  received = 0;
  drains = 0;
  readonly #parts: Uint8Array[] = [];
  #waiting: { bytes: number; resolve: () => void } | undefined;

  onOpen(transport: Transport): void {
    this.opened.resolve(transport);
  }

  onData(bytes: Uint8Array): void {
    this.received += bytes.length;
    this.#parts.push(bytes);
    if (this.#waiting !== undefined && this.received >= this.#waiting.bytes) this.#waiting.resolve();
  }

  onDrain(): void {
    this.drains++;
  }

  onClose(reason: string | undefined): void {
    this.closes++;
    this.closed.resolve(reason);
  }

  /** Resolves when so many bytes have come in all. */
  has(bytes: number): Promise<void> {
    if (this.received >= bytes) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = { bytes, resolve };
    });
  }

  get bytes(): Uint8Array {
    return concat(this.#parts);
  }
}

/** TCP on loopback, plain or with TLS, on a clock of the test's: sockets are real, time is not. */
export class TcpStage {
  readonly clock = new FakeClock();
  readonly certificates = new Certificates();
  readonly trust = new Trust();
  readonly tcp = new Tcp(this.clock, undefined, undefined, this.trust);
  readonly tls: boolean;
  #folder: CertificateFolder | undefined;
  readonly #stops: (() => void)[] = [];

  constructor(tls = false) {
    this.tls = tls;
    if (!tls) return;
    this.certificates.prepare(this.folder.files(local)).apply();
    this.trust.prepare({ ca: [this.folder.write("ca.crt", ca.cert)], pin: [] }).apply();
  }

  /** For certificates; gone with the stage. */
  get folder(): CertificateFolder {
    this.#folder ??= new CertificateFolder();
    return this.#folder;
  }

  /** Listens on a free port; each connection goes to what `accept` gives. */
  listen(accept: () => TransportHandler | undefined, host = "127.0.0.1"): number {
    const { certificates } = this;
    const entrance = this.tls
      ? () => ({
          plain: false,
          certificates,
          proxies: undefined,
          notTls: () => ({ reason: "no TLS came" }),
          refused: () => undefined,
        })
      : undefined;
    const listener = this.tcp.listen({ host, port: 0 }, accept, entrance);
    this.#stops.push(() => listener.stop());
    return listener.address.port;
  }

  /** Dials a port of this machine. */
  dial(port: number, handler: TransportHandler, host = "127.0.0.1"): { abort(): void } {
    return this.tcp.dial({ host, port, tls: this.tls, timeoutMs: 5000 }, handler);
  }

  /** Two ends of one connection, both open; the first is the listener's. */
  async connect(): Promise<{ server: End; serverSide: Transport; client: End; clientSide: Transport }> {
    const [server, client] = [new End(), new End()];
    this.dial(
      this.listen(() => server),
      client,
    );
    const [serverSide, clientSide] = await Promise.all([server.opened.promise, client.opened.promise]);
    this.#stops.push(
      () => serverSide.abort(),
      () => clientSide.abort(),
    );
    return { server, serverSide, client, clientSide };
  }

  /** Runs at the end. */
  defer(stop: () => void): void {
    this.#stops.push(stop);
  }

  /** Closes all that is still open. */
  end(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#folder?.remove();
  }
}
