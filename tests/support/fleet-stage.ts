import { Choice, type Criteria } from "../../src/features/director/choice.ts";
import { type KnownNode, MemoryNodes, type NodeLoad, type NodeState } from "../../src/live/ports/nodes.ts";
import { nodeState } from "./api-stage.ts";
import { FakeClock } from "./fake-clock.ts";

/** The load of a node that nobody has come to. */
export const idle: NodeLoad = { connections: 0, maxConnections: 1000, kbps: 0, maxKbps: 0, cpu: 0 };

/** What a client of this key wants. */
export function criteria(key: string, more: Partial<Criteria> = {}): Criteria {
  return { key, schemes: ["rtmp"], zone: "", current: "", unfit: () => undefined, ...more };
}

/** Nodes whose state a test sets, none of which is the one that is asked. */
export class FleetStage {
  readonly clock = new FakeClock();
  readonly nodes = new MemoryNodes(() => nodeState("00"), this.clock);
  readonly choice = new Choice(this.clock);

  set(...states: readonly (Partial<NodeState> & { readonly id: string })[]): void {
    this.nodes.others = states.map((state) => this.known(state));
  }

  known({ id, ...more }: Partial<NodeState> & { readonly id: string }, alive = true): KnownNode {
    const state = nodeState(id, { advertise: [`rtmp://${id}:1935`, `https://${id}:443`], load: idle, ...more });
    return { isSelf: false, source: id, alive, seenAt: this.clock.now(), state, problems: [] };
  }

  /** How many of so many clients go to each node. */
  spread(count: number, more: Partial<Criteria> = {}, from = 0): Map<string, number> {
    const counts = new Map<string, number>();
    for (let at = 0; at < count; at++) {
      const id = this.choice.choose(this.nodes.all(), criteria(`client ${from + at}`, more))?.id ?? "none";
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }
}
