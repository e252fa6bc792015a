import { Connection, type ConnectionOwner } from "./connection.ts";
import { GroupMember } from "./group-member.ts";
import { Playback } from "./playback.ts";
import type { Player, PlayerContext } from "./player.ts";
import type { RtmpTarget } from "./url.ts";

/** A player over RTMP. */
export class RtmpPlayer implements Player, ConnectionOwner {
  readonly #playback: Playback;
  readonly #connection: Connection;

  /** `whole`: all of each frame's content is compared. */
  constructor(context: PlayerContext, target: RtmpTarget, whole: boolean) {
    this.#playback = new Playback(context, target.stream, whole);
    this.#connection = new Connection(
      context,
      new GroupMember(context.group, context.retry),
      target,
      this,
      this.#playback,
    );
  }

  get running(): boolean {
    return this.#connection.running;
  }

  get wasAdmitted(): boolean {
    return this.#playback.wasAdmitted;
  }

  get firstFrameMs(): number {
    return this.#playback.firstFrameMs;
  }

  get bytesReceived(): number {
    return this.#connection.bytesReceived;
  }

  admitted(): void {
    this.#playback.admitted();
  }

  drained(): void {}

  ended(reason: string): void {
    this.#playback.ended(reason);
  }

  finish(nowMs: number): void {
    const { beganMs, askedMs, running } = this.#connection;
    const problem = this.#playback.finish(beganMs, askedMs, running, nowMs);
    if (problem !== undefined) this.#connection.fail(problem);
  }

  close(): void {
    this.#connection.close();
  }
}
