import { writeNodeState } from "../../live/ports/node-state.ts";
import type { NodeLoad, NodeState, StreamRole } from "../../live/ports/nodes.ts";

/** The entry is written again when a figure of the load has changed by this share of its limit, or after this many renewals. */
const MUCH = 0.05;
const RENEWALS = 5;
/** With more than 50 nodes, one renewal for this many nodes: the bytes that all nodes read grow with their number, not with its square. */
const NODES_EACH = 10;

/** This process's own entry in the registry. All other nodes read each change, so small changes wait for a later renewal. */
export class OwnEntry {
  #announced: NodeState | undefined;
  #renewals = 0;
  #beat = 0;

  /** The registry has lost the entry: the next renewal writes it again. */
  forgotten(): void {
    this.#announced = undefined;
  }

  /** The entry's text for a renewal; undefined if it stays as it is. `others`: the number of other nodes. */
  next(state: NodeState, streams: Record<StreamRole, number>, others: number): string | undefined {
    const announced = this.#announced;
    const renewals = Math.max(RENEWALS, Math.ceil(others / NODES_EACH));
    if (++this.#renewals < renewals && announced !== undefined && !isNews(announced, state)) return undefined;
    this.#announced = state;
    this.#renewals = 0;
    // `beat` makes each text differ, so that other nodes see that the figures are current.
    return JSON.stringify({ ...writeNodeState(state), streams, beat: ++this.#beat });
  }
}

function isNews(announced: NodeState, { load, ...now }: NodeState): boolean {
  const words = ({ id, version, advertise, zone, weight, draining, fetches }: Omit<NodeState, "load">) =>
    JSON.stringify([id, version, advertise, zone, weight, draining, fetches]);
  return words(announced) !== words(now) || isMuch(announced.load, load);
}

function isMuch(before: NodeLoad, { connections, maxConnections, kbps, maxKbps, cpu }: NodeLoad): boolean {
  if (maxConnections !== before.maxConnections || maxKbps !== before.maxKbps) return true;
  const parts = [
    (connections - before.connections) / Math.max(1, maxConnections),
    maxKbps > 0 ? (kbps - before.kbps) / maxKbps : 0,
    cpu - before.cpu,
  ];
  return parts.some((part) => Math.abs(part) >= MUCH);
}
