import type { Group } from "./group.ts";

/** What becomes of a client that fails, if another one may replace it. */
export interface Retry {
  /** Whether the client replaces another one, which was counted. */
  readonly again: boolean;
  /** Whether one of them was ever let in. */
  readonly wasAdmitted: boolean;
  /** It has failed; true: another client will replace it. */
  lost(reason: string): boolean;
}

/*
 * connecting ──admitted──> running ──┐
 *      └─────────────────────────────┴──fail, leave──> over
 */
/** One client of a group, which counts its outcome there. */
export class GroupMember {
  readonly group: Group;
  readonly #retry: Retry | undefined;
  #state: "connecting" | "running" | "over" = "connecting";

  constructor(group: Group, retry?: Retry) {
    this.group = group;
    this.#retry = retry;
    // One that is to be replaced counts as connecting.
    if (retry?.again === true) return;
    group.tried++;
    group.connecting++;
  }

  /** The server lets it publish or play, now. */
  get running(): boolean {
    return this.#state === "running";
  }

  get over(): boolean {
    return this.#state === "over";
  }

  /** The server has admitted it, `afterMs` after its start. */
  admitted(afterMs: number): void {
    if (this.#state !== "connecting") return;
    this.#state = "running";
    this.group.connecting--;
    this.group.running++;
    if (this.#retry?.wasAdmitted === true) return;
    this.group.admitted++;
    this.group.admission.record(afterMs * 1000);
  }

  /** It has failed. False: it was over before, and nothing is counted. */
  fail(reason: string): boolean {
    if (this.#state === "over") return false;
    this.leave();
    if (this.#retry?.lost(reason) === true) this.group.connecting++;
    else this.group.count(reason);
    return true;
  }

  /** It ends without having failed. */
  leave(): void {
    if (this.#state === "running") this.group.running--;
    else if (this.#state === "connecting") this.group.connecting--;
    this.#state = "over";
  }
}
