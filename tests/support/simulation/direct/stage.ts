import { REGISTRY } from "../../../../src/features/edge/address.ts";
import type { EdgeConfig } from "../../../../src/features/edge/config.ts";
import { edgeTable } from "../../../../src/features/edge/config.ts";
import type { RtmpVhost } from "../../../../src/features/rtmp/context.ts";
import type { PacketRange } from "../../../../src/live/readers/packet-reader.ts";
import type { Reader } from "../../../../src/live/readers/reader.ts";
import type { Stream } from "../../../../src/live/stream.ts";
import { PacketFlag } from "../../../../src/media/packet.ts";
import { FakeClock } from "../../fake-clock.ts";
import { FakeNet } from "../../fake-transport.ts";
import { publishDefaults, vhostDefaults } from "../../rtmp-stage.ts";
import {
  FIRST_PACKET_MS,
  type HistoryConfig,
  type HistoryEncoder,
  type HistoryNode,
  type HistoryStage,
  type HistoryViewer,
  type NodeSetup,
} from "../history-stage.ts";
import { DirectEncoder } from "./encoder.ts";
import { DirectNet } from "./net.ts";
import { DirectNode } from "./node.ts";

const edgeDefaults = Object.fromEntries(
  Object.entries(edgeTable.entries).map(([name, key]) => [name, key.default]),
) as unknown as EdgeConfig;

const nobody = { param: "", hops: [], tcUrl: "", pageUrl: "", swfUrl: "" };

/** Nodes, encoders and viewers of a history without bytes: what would go over RTMP are calls. */
export class DirectStage implements HistoryStage {
  readonly clock = new FakeClock();
  readonly onConflict: HistoryConfig["onConflict"];
  readonly #net = new DirectNet(this.clock);
  readonly #machine = new FakeNet(this.clock);
  readonly #vhost: RtmpVhost;
  readonly #edge: EdgeConfig;
  #encoders = 0;

  /** `delayMs`: how long calls of the next connection are on their way. */
  constructor({ onConflict, edge, grace }: HistoryConfig, delayMs: () => number) {
    this.onConflict = onConflict;
    this.#net.delayMs = delayMs;
    const publish = { ...publishDefaults, on_conflict: onConflict, grace, firstpkt_timeout: FIRST_PACKET_MS };
    this.#vhost = { ...vhostDefaults, publish };
    this.#edge = { ...edgeDefaults, origin: [REGISTRY], ...edge };
  }

  get cuts(): ReadonlySet<string> {
    return this.#net.cuts;
  }

  get open(): readonly string[] {
    return [...this.#net.connections].map(({ from, at }) => `${from}>${at.host}`);
  }

  node(name: string, { servers, clock, random }: NodeSetup): HistoryNode {
    const shared = { net: this.#net, machine: this.#machine, vhost: this.#vhost, edge: this.#edge };
    return new DirectNode({ ...shared, name, servers, clock, random });
  }

  encoder(timeMs: number): HistoryEncoder {
    return new DirectEncoder({ clock: this.clock, net: this.#net }, this.#encoders++, timeMs);
  }

  watch(node: HistoryNode, stream: string): HistoryViewer {
    return new DirectViewer(node.stream(stream));
  }

  cut(from: string, to: string): void {
    this.#net.cuts.add(`${from}>${to}`);
    for (const connection of this.#net.connections)
      if (connection.from === from && connection.at.host === to) connection.hold();
  }

  join(): void {
    const { cuts, connections } = this.#net;
    for (const connection of [...connections])
      if (cuts.has(`${connection.from}>${connection.at.host}`)) connection.release();
    cuts.clear();
  }

  end(node: object, silently: boolean): void {
    const { gone, hosts, connections } = this.#net;
    gone.add(node);
    for (const [name, host] of hosts) {
      if (host !== node) continue;
      if (silently) hosts.set(name, "silent");
      else hosts.delete(name);
    }
    for (const connection of [...connections]) {
      const { by, at, dialled, accepted } = connection;
      if (by !== node && at !== node) continue;
      const [own, other] = by === node ? [dialled, accepted] : [accepted, dialled];
      own.drop();
      if (silently) connection.lose();
      else other.fail("connection reset by peer");
    }
  }

  kill(name: string): void {
    this.#net.hosts.delete(name);
  }

  endLocal(paths: readonly string[]): void {
    for (const { path, dialled, accepted } of this.#machine.locals) {
      if (!paths.includes(path)) continue;
      dialled.fail("closed");
      accepted.fail("closed");
    }
  }
}

/** A viewer that only notes whether key frames come. */
class DirectViewer implements HistoryViewer {
  readonly #stream: Stream;
  readonly #reader: Reader<PacketRange>;
  #played = false;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.#reader = stream.tap({ send: (range) => this.#take(range) }, {}, nobody);
  }

  played(): boolean {
    const played = this.#played;
    this.#played = false;
    return played;
  }

  leave(): void {
    this.#stream.leave(this.#reader);
  }

  #take(range: PacketRange): boolean {
    if (!this.#played)
      range.forEach(({ flags }) => {
        this.#played ||= (flags & PacketFlag.Key) !== 0;
      });
    return true;
  }
}
