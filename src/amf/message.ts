import { decodeAmf0 } from "./amf0.ts";
import type { AmfValue } from "./value.ts";

/**
 * The values of an RTMP command or data message: types 20 and 18, or with `amf3` types 17 and 15.
 * The latter begin with a zero byte, then hold AMF0 in which any value may switch to AMF3; some peers omit the zero.
 * Throws `ProtocolError` as `decodeAmf0` does.
 */
export function decodeAmfMessage(body: Uint8Array, amf3: boolean): AmfValue[] {
  // A message begins with a name, never with a number, so that a zero byte here is no marker.
  return decodeAmf0(amf3 && body[0] === 0 ? body.subarray(1) : body);
}
