import { AmfObject, type AmfValue } from "../../src/amf/value.ts";
import { type ClientEvents, ClientSession, type ClientTarget } from "../../src/rtmp/client-session.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { brief, command, SentReader } from "./session.ts";

/** What a client's handshake takes before its first message. */
const CLIENT_HANDSHAKE_BYTES = 3073;

/** Where the tests' clients go. */
export const target: ClientTarget = {
  role: "publish",
  tcUrl: "rtmp://10.0.0.1:1936/live",
  app: "live",
  playPath: "show?key=1",
  hops: ["node1", "node2"],
};

/** A client session whose server's end the test holds. `told` has what the owner was told, one line each. */
export class ClientUnderTest implements ClientEvents {
  readonly told: string[] = [];
  readonly sent = new SentReader(CLIENT_HANDSHAKE_BYTES);
  readonly session: ClientSession;

  /** `send`: where the client's bytes go; to `sent` when there is none. */
  constructor(change: Partial<ClientTarget> = {}, send?: (bytes: Uint8Array) => void) {
    this.session = new ClientSession({ ...target, ...change }, this, {
      limits: defaultLimits,
      send: send ?? ((bytes) => this.sent.push(bytes)),
      now: () => 0,
      random: (into) => into.fill(9),
      chunkSize: 4096,
      simpleHandshake: false,
      identity: { srs_id: "r1" },
    });
    this.session.media = {
      push: (kind, timestamp, payload, amf3) => this.media(kind, timestamp, payload, amf3),
    };
  }

  /** What a playing client got; a test may put something else in its place. */
  media(kind: number, timestamp: number, payload: Uint8Array, amf3: boolean): void {
    this.told.push(`media ${kind}${amf3 ? " amf3" : ""} ${timestamp} ${payload.length}`);
  }

  ready(streamId: number): void {
    this.told.push(`ready ${streamId}`);
  }

  age(ms: number | undefined): void {
    this.told.push(`age ${ms}`);
  }

  epoch(text: string, lost: boolean, ladder: string, tracks: string): void {
    const words = [lost ? " lost" : "", ladder && ` of ${ladder}`, tracks && ` with ${tracks}`];
    this.told.push(`epoch ${text}${words.join("")}`);
  }

  refused(code: string, description: string, redirect?: string): void {
    this.told.push(`refused ${code}: ${description}${redirect === undefined ? "" : ` -> ${redirect}`}`);
  }

  ended(code: string, description: string): void {
    this.told.push(`ended ${code}: ${description}`);
  }

  /** What the owner was told since the last look. */
  takeTold(): string[] {
    return this.told.splice(0);
  }

  /** Sends bytes as the server; the client's answers, one line each. */
  hear(...parts: readonly Uint8Array[]): string[] {
    for (const part of parts) this.session.receive(part.slice());
    return this.sent.take().map(brief);
  }

  /** Starts, shakes hands, and returns what the client then says. */
  opened(): string[] {
    this.session.start();
    const answer = new Uint8Array(3073);
    answer[0] = 3;
    return this.hear(answer);
  }

  /** Goes through the dialogue until it runs, and forgets all about it. */
  running(): this {
    this.opened();
    this.hear(success(), command("_result", 4, null, 1));
    this.hear(status("status", "NetStream.Publish.Start"), status("status", "NetStream.Play.Start"));
    if (this.session.state !== "running") throw new Error(`the client is in ${this.session.state}`);
    this.told.length = 0;
    return this;
  }
}

/** A server's yes to `connect`. */
export function success(information: Record<string, AmfValue> = {}): Uint8Array {
  const all = { level: "status", code: "NetConnection.Connect.Success", description: "", ...information };
  return command("_result", 1, AmfObject.of({ fmsVer: "FMS/3,0,1,123" }), AmfObject.of(all));
}

/** An `onStatus` of a server. */
export function status(level: string, code: string, description = "why"): Uint8Array {
  return command("onStatus", 0, null, AmfObject.of({ level, code, description }));
}
