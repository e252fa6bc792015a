import { randomFillSync } from "node:crypto";
import type { AmfValue } from "../../../src/amf/value.ts";
import { AmfObject } from "../../../src/amf/value.ts";
import { ServerHandshake } from "../../../src/rtmp/handshake-server.ts";
import { defaultLimits } from "../../../src/rtmp/limits.ts";
import { type Command, Peer } from "../../../src/rtmp/peer.ts";
import { Outbox } from "./socket.ts";
import type { Stage } from "./stage.ts";

/** A port of loopback where nobody listens. */
export async function deadPort(): Promise<number> {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** A server that is asked to take streams. */
export interface Target {
  readonly port: number;
  /** Commands of all connections, in the order in which they came. */
  readonly commands: Command[];
  /** Connections that came as far as `publish`. */
  readonly published: number;
  /** Connections accepted. */
  readonly connections: number;
}

/**
 * A target of this test's own. It "publishes": answers all up to Publish.Start and then never reads again; "listens": goes
 * on reading; "refuses": says of every stream, in several ways, that it is taken; or "says nothing": not even the handshake.
 */
export async function startTarget(
  stage: Stage,
  how: "publishes" | "listens" | "refuses" | "says nothing",
): Promise<Target> {
  const state = { port: 0, commands: [] as Command[], published: 0, connections: 0 };
  const listener = Bun.listen<{ receive: (bytes: Uint8Array) => void; outbox: Outbox | undefined }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        state.connections++;
        const outbox = new Outbox(socket);
        const published = (): void => {
          state.published++;
          if (how === "publishes") socket.pause();
        };
        const receive =
          how === "says nothing" ? () => {} : answering(outbox, state.commands, published, how === "refuses");
        socket.data = { receive, outbox };
      },
      data: (socket, bytes) => socket.data.receive(bytes),
      drain: (socket) => socket.data.outbox?.drain(),
    },
  });
  stage.defer(() => listener.stop(true));
  state.port = listener.port;
  return state;
}

/** The least that a server says to an encoder. */
function answering(
  outbox: Outbox,
  commands: Command[],
  published: () => void,
  refuses: boolean,
): (bytes: Uint8Array) => void {
  const handshake = new ServerHandshake({ random: randomFillSync, timeMs: 0 });
  const answer = (id: number, ...values: readonly AmfValue[]): void => peer.sendCommand(0, ["_result", id, ...values]);
  const status = (code: string): AmfObject => AmfObject.of({ level: "status", code, description: "" });
  const peer = new Peer(
    {
      command(command) {
        commands.push(command);
        if (command.name === "connect") answer(command.transactionId, null, status("NetConnection.Connect.Success"));
        else if (command.name === "createStream") answer(command.transactionId, null, 1);
        else if (command.name === "publish") {
          const name = String(command.args[1]);
          const description = `rtmp://target/app/${name}: "app/${name}" (${name}) is taken, key ${name.split("?")[0]}`;
          const refusal = AmfObject.of({ level: "error", code: "NetStream.Publish.BadName", description });
          const answered = refuses ? refusal : status("NetStream.Publish.Start");
          peer.sendCommand(command.streamId, ["onStatus", 0, null, answered]);
          published();
        }
      },
      media() {},
    },
    (bytes) => outbox.send(bytes),
    defaultLimits,
    () => performance.now(),
  );
  let done = false;
  return (bytes) => {
    if (done) {
      peer.receive(bytes);
      return;
    }
    const { send, rest } = handshake.push(bytes);
    if (send !== undefined) outbox.send(send);
    if (rest === undefined) return;
    done = true;
    if (rest.length > 0) peer.receive(rest);
  };
}
