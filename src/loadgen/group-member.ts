import type { Group } from "./group.ts";

/** Decides what happens when a client fails that another one may replace. */
export interface Retry {
  /** Whether the client replaces another one, which was counted. */
  readonly again: boolean;
  /** Whether this client, or one before it, was ever admitted. */
  readonly wasAdmitted: boolean;
  /** The client has failed. Returns whether another one will replace it. */
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
    // `fail` has counted the replacement as connecting.
    if (retry?.again === true) return;
    group.tried++;
    group.connecting++;
  }

  /** Admitted by the server, and neither failed nor ended. */
  get running(): boolean {
    return this.#state === "running";
  }

  get over(): boolean {
    return this.#state === "over";
  }

  /** The server has admitted the client, `afterMs` after its start. */
  admitted(afterMs: number): void {
    if (this.#state !== "connecting") return;
    this.#state = "running";
    this.group.connecting--;
    this.group.running++;
    if (this.#retry?.wasAdmitted === true) return;
    this.group.admitted++;
    this.group.admission.record(afterMs * 1000);
  }

  /** The client has failed. False: it was over before, and nothing is counted. */
  fail(reason: string): boolean {
    if (this.#state === "over") return false;
    this.leave();
    if (this.#retry?.lost(reason) === true) this.group.connecting++;
    else this.group.count(reason);
    return true;
  }

  /** The client ends without having failed. */
  leave(): void {
    if (this.#state === "running") this.group.running--;
    else if (this.#state === "connecting") this.group.connecting--;
    this.#state = "over";
  }
}
