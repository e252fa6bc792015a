import { writeNodeState } from "../../live/ports/node-state.ts";
import type { NodeLoad, NodeState, StreamRole } from "../../live/ports/nodes.ts";

/** Figures are told when one has changed by this share of its limit, or after this many renewals. */
const MUCH = 0.05;
const RENEWALS = 5;

/** What this process tells of itself in the registry. All other nodes read it, so small changes wait for a later renewal. */
export class OwnEntry {
  #announced: NodeState | undefined;
  #renewals = 0;
  #beat = 0;

  /** The registry does not have it any more: it is told again. */
  forgotten(): void {
    this.#announced = undefined;
  }

  /** What is to be told at a renewal; undefined for nothing new. */
  next(state: NodeState, streams: Record<StreamRole, number>): string | undefined {
    const announced = this.#announced;
    if (++this.#renewals < RENEWALS && announced !== undefined && !isNews(announced, state)) return undefined;
    this.#announced = state;
    this.#renewals = 0;
    // Another text each time: others see by it when the figures were current.
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
