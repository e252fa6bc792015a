import { spanAt } from "../../live/source/epoch.ts";
import { isHeader, isKey } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { PacketKind } from "../../media/packet.ts";

/** Maximum number of earlier packets that are looked at. */
const MAX_LOOK_BACK = 1000;

/** Whether the log has all packets of a span before this one, and none of them is a key frame: readers begin at the first. */
export function hasSpanBefore({ log, epochs }: Stream, seq: number): boolean {
  const epoch = seq < log.end ? epochs.at(seq) : undefined;
  const span = epoch?.spans[spanAt(epoch, log.timeAt(seq))];
  let found = false;
  for (let at = Math.max(log.start, seq - MAX_LOOK_BACK); at < seq; at++) {
    const { kind, flags, time } = log.at(at);
    if (kind === PacketKind.Data || isHeader(flags)) continue;
    if (isKey(kind, flags)) return false;
    if (time === span?.from) found = true;
  }
  return found;
}
