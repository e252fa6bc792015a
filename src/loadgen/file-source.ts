import { encodeAmf0 } from "../amf/amf0.ts";
import { ProtocolError, UserError } from "../base/errors.ts";
import { isHeader } from "../live/source/source.ts";
import { classify } from "../media/classify.ts";
import { METADATA_NAME, readData } from "../media/data.ts";
import { flvTags } from "../media/flv.ts";
import { Metadata } from "../media/metadata.ts";
import { PacketFlag, PacketKind } from "../media/packet.ts";
import type { MediaSource, SourceMessage } from "./source.ts";

/** The pause between the last frame and the next round's first, when the file does not show how long a frame lasts. */
const DEFAULT_FRAME_MS = 40;

/** A file's messages, read once for all publishers. Their timestamps begin with 0. */
export interface Recording {
  readonly messages: readonly SourceMessage[];
  /** Duration of one round, ms. */
  readonly durationMs: number;
  readonly video: boolean;
}

/** Reads an FLV file's bytes; `name` is for messages. Throws UserError for other files and for those without audio and video. */
export function readRecording(name: string, bytes: Uint8Array): Recording {
  const messages: SourceMessage[] = [];
  const ends: Ends = new Map();
  let base: number | undefined;
  try {
    for (const { kind, timestamp, payload } of flvTags(bytes)) {
      if (kind === PacketKind.Data) {
        const message = dataMessage(payload);
        if (message !== undefined)
          messages.push({ kind, timestamp: messages.at(-1)?.timestamp ?? 0, payload: message });
        continue;
      }
      // Many recorders stamp headers with 0 whatever their clock shows, so time 0 is the first frame's.
      const header = isHeader(classify(kind, payload));
      if (!header) base ??= timestamp;
      const time = move(ends, kind, timestamp - (base ?? timestamp), header);
      messages.push({ kind, timestamp: time, payload });
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new UserError(`${name} is no FLV file: ${error.message}`);
  }
  if (ends.size === 0) throw new UserError(`${name} holds neither audio nor video`);
  const durations = [...ends.values()].map(({ last, frameMs }) => last + (frameMs || DEFAULT_FRAME_MS));
  return { messages, durationMs: Math.max(...durations), video: ends.has(PacketKind.Video) };
}

/** For each kind of message, the last time, and the duration of a frame. */
type Ends = Map<PacketKind, { readonly last: number; readonly frameMs: number }>;

/** Returns the time of a message. It never decreases, even if a frame is before the first one, or the file's clock restarts. */
function move(ends: Ends, kind: PacketKind, timestamp: number, header: boolean): number {
  const end = ends.get(kind);
  const time = Math.max(end?.last ?? 0, timestamp);
  const step = header ? 0 : time - (end?.last ?? time);
  ends.set(kind, { last: time, frameMs: step > 0 ? step : (end?.frameMs ?? 0) });
  return time;
}

/** A recording repeated endlessly, with continuing timestamps. */
export class FileSource implements MediaSource {
  readonly #recording: Recording;
  #at = 0;
  #roundMs = 0;
  #due = 0;
  kind: PacketKind = PacketKind.Data;
  timestamp = 0;
  payload: Uint8Array = new Uint8Array(0);
  key = false;

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  /** Never decreases: messages are sent in the file's order, even if audio and video are badly interleaved. */
  get dueMs(): number {
    const next = this.#recording.messages[this.#at]?.timestamp ?? 0;
    return Math.max(this.#due, this.#roundMs + next);
  }

  next(): void {
    this.#due = this.dueMs;
    const message = this.#recording.messages[this.#at];
    if (message === undefined) return;
    this.kind = message.kind;
    this.timestamp = this.#roundMs + message.timestamp;
    this.payload = message.payload;
    const key = this.kind === PacketKind.Video && (classify(this.kind, this.payload) & PacketFlag.Key) !== 0;
    this.key = this.#recording.video ? key : this.kind === PacketKind.Audio;
    this.#at++;
    if (this.#at < this.#recording.messages.length) return;
    this.#at = 0;
    this.#roundMs += this.#recording.durationMs;
  }
}

/** Data as a publisher sends it: metadata after `@setDataFrame` and without the file's duration, other data unchanged. */
function dataMessage(payload: Uint8Array): Uint8Array | undefined {
  const data = readData(payload, false);
  if (data === undefined || data.action === "clear") return undefined;
  if (data.name !== METADATA_NAME) return payload;
  const metadata = new Metadata();
  metadata.apply(data);
  const body = metadata.payload();
  if (body === undefined) return undefined;
  const name = encodeAmf0(["@setDataFrame"]);
  const message = new Uint8Array(name.length + body.length);
  message.set(name);
  message.set(body, name.length);
  return message;
}
