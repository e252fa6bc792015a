import { connect } from "node:net";
import type { Program } from "./program.ts";
import type { Stage } from "./stage.ts";
import { until } from "./wait.ts";

/** A client that says what a test wants, byte for byte, and what it has heard, one character a byte. */
export class RawHttp {
  heard = "";
  closed = false;
  #socket: Bun.Socket<undefined> | undefined;

  /** Connects to a port of loopback; the connection ends with the test. */
  static async connect(stage: Stage, port: number): Promise<RawHttp> {
    const client = new RawHttp();
    const socket = await Bun.connect<undefined>({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, bytes) => {
          client.heard += bytes.toString("latin1");
        },
        close: () => {
          client.closed = true;
        },
      },
    });
    client.#socket = socket;
    stage.defer(() => socket.terminate());
    return client;
  }

  /** What a client hears that says this and ends its side at once. */
  static askAndEnd(port: number, text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let heard = "";
      const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true }, () => socket.end(text));
      socket.on("data", (bytes) => {
        heard += bytes.toString("latin1");
      });
      socket.on("end", () => resolve(heard)).on("error", reject);
    });
  }

  say(text: string | Uint8Array): void {
    this.#socket?.write(text);
  }

  /** Waits until what it has heard matches. */
  hears(pattern: RegExp): Promise<RegExpExecArray> {
    return until(
      `an answer ${pattern}`,
      () => pattern.exec(this.heard) ?? undefined,
      undefined,
      () => this.heard,
    );
  }

  /** Waits until the server has closed the connection; all that it said. */
  async end(): Promise<string> {
    await until("the connection's end", () => this.closed || undefined);
    return this.heard;
  }
}

/** The port of HTTP that a server has told of last; of HTTPS. */
export async function httpPort(program: Program, scheme: "http" | "https" | "api" = "http"): Promise<number> {
  const pattern = new RegExp(` listening .*\\b${scheme}=\\S*:(\\d+)`);
  await program.line(pattern);
  return Number(pattern.exec(program.lines.findLast((line) => pattern.test(line)) ?? "")?.[1]);
}
