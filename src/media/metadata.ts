import { encodeAmf0 } from "../amf/amf0.ts";
import { AmfObject, type AmfValue } from "../amf/value.ts";
import { ProtocolError } from "../base/errors.ts";
import { type DataMessage, METADATA_NAME } from "./data.ts";

/** Encoders send about 20. */
const MAX_KEYS = 1024;
/** Maximum size of the message that each reader gets on joining. */
const MAX_BYTES = 256 * 1024;

/** Keys that are true of the file a publisher reads and wrong for its live stream: players would stop or seek there. */
const fileOnly: ReadonlySet<string> = new Set(["duration", "filesize", "keyframes"]);

/** A stream's metadata, from `onMetaData`. */
export class Metadata {
  readonly #values = new Map<string, AmfValue>();
  #payload: Uint8Array | undefined;

  /**
   * Applies a data message: `@setDataFrame` adds and changes keys, a plain `onMetaData` replaces all, `@clearDataFrame` removes
   * all. Other messages change nothing. Throws `ProtocolError` when the metadata exceeds its limit, and keeps the earlier
   * metadata then.
   */
  apply(message: DataMessage): void {
    if (message.name !== METADATA_NAME || message.action === "pass") return;
    if (message.action === "clear") {
      this.clear();
      return;
    }
    const given = message.values.find((value) => value instanceof AmfObject);
    if (given === undefined) return;
    const values = new Map(message.merge ? this.#values : []);
    for (const [key, value] of given.entries) if (!fileOnly.has(key)) values.set(key, value);
    const payload = encode(values);
    this.#values.clear();
    for (const [key, value] of values) this.#values.set(key, value);
    this.#payload = payload;
  }

  /** Forgets all. */
  clear(): void {
    this.#values.clear();
    this.#payload = undefined;
  }

  /** The AMF0 message body for readers, the same array until the next change; undefined without metadata. */
  payload(): Uint8Array | undefined {
    return this.#payload;
  }
}

function encode(values: Map<string, AmfValue>): Uint8Array | undefined {
  if (values.size === 0) return undefined;
  if (values.size > MAX_KEYS) throw new ProtocolError(`metadata has ${values.size} keys, ${MAX_KEYS} allowed`);
  const payload = encodeAmf0([METADATA_NAME, new AmfObject("ecma-array", undefined, values)]);
  if (payload.length > MAX_BYTES) throw new ProtocolError(`metadata has ${payload.length} bytes, ${MAX_BYTES} allowed`);
  return payload;
}
