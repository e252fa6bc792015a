import { ProtocolError } from "../base/errors.ts";
import { ByteReader } from "../bytes/reader.ts";
import { PacketKind } from "./packet.ts";

/** One message of an aggregate. */
export interface AggregatePart {
  readonly kind: PacketKind;
  /** Unsigned 32-bit milliseconds, on the time line of the aggregate's own message. */
  readonly timestamp: number;
  /** A copy, exactly sized, owned by the receiver. */
  readonly payload: Uint8Array;
}

/** Maximum number of tags: media servers collect a few hundred milliseconds, for which this is enough with a thousand tracks. */
const MAX_PARTS = 8192;
const STREAM_ID_BYTES = 3;
const BACK_POINTER_BYTES = 4;

/**
 * The media messages of an aggregate (RTMP type 22, section 7.1.6), whose body is FLV tags one after another. Tags of
 * other types and empty ones are left out. Throws `ProtocolError` when a tag is cut off or there are too many.
 */
export function splitAggregate(payload: Uint8Array, timestamp: number): AggregatePart[] {
  const reader = new ByteReader(payload, "aggregate message");
  const parts: AggregatePart[] = [];
  let first: number | undefined;
  for (let count = 0; reader.remaining > 0; count++) {
    if (count === MAX_PARTS) throw new ProtocolError(`aggregate message holds more than ${MAX_PARTS} tags`);
    const type = reader.u8();
    const size = reader.u24();
    const low = reader.u24();
    const time = ((reader.u8() << 24) | low) >>> 0;
    reader.skip(STREAM_ID_BYTES);
    const body = reader.bytes(size);
    // Some senders leave out the last back pointer.
    reader.skip(Math.min(BACK_POINTER_BYTES, reader.remaining));
    first ??= time;
    if (size > 0 && isMedia(type)) {
      parts.push({ kind: type, timestamp: (timestamp + time - first) >>> 0, payload: body.slice() });
    }
  }
  return parts;
}

function isMedia(type: number): type is PacketKind {
  return type === PacketKind.Audio || type === PacketKind.Video || type === PacketKind.Data;
}
