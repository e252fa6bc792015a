// Hot: take runs for each packet of each stream that is cut.
import { trackIds } from "../../media/codec.ts";
import { dataName, METADATA_NAME } from "../../media/data.ts";
import { namesAudioTracks } from "../../media/one-track.ts";
import { type Packet, PacketFlag, PacketKind } from "../../media/packet.ts";
import { audioTrackLabels, type TrackLabel } from "../../media/track-labels.ts";

/** Maximum number of audio tracks of a stream; more are left out. */
const MAX_AUDIO_TRACKS = 8;
/** Data messages whose metadata is not read: those in AMF3, and announcements. */
const NO_METADATA = PacketFlag.Amf3 | PacketFlag.Announcement;

/** The audio tracks that a stream's packets have named, and what its metadata says of them. */
export class AudioTracks {
  readonly #notify: (id: number) => void;
  readonly #ids = new Set<number>();
  #metadata: Uint8Array | undefined;
  #labels: ReadonlyMap<number, TrackLabel> | undefined;

  /** `notify` gets each track other than 0 once, until it is forgotten. It is called while packets are read. */
  constructor(notify: (id: number) => void) {
    this.#notify = notify;
  }

  /** The payload is lent for the call. */
  take({ kind, flags, payload }: Packet): void {
    if (kind === PacketKind.Audio) {
      if (namesAudioTracks(payload)) for (const id of trackIds(kind, payload)) this.#see(id);
    } else if (kind === PacketKind.Data && (flags & NO_METADATA) === 0 && dataName(payload, false) === METADATA_NAME) {
      this.#metadata = payload.slice();
      this.#labels = undefined;
    }
  }

  /** The labels in the stream's metadata, by the tracks' ids. */
  get labels(): ReadonlyMap<number, TrackLabel> {
    this.#labels ??= this.#metadata === undefined ? new Map() : audioTrackLabels(this.#metadata);
    return this.#labels;
  }

  /** `notify` gets the track again when it comes again. */
  forget(id: number): void {
    this.#ids.delete(id);
  }

  #see(id: number): void {
    // Track 0 is the stream's own.
    if (id === 0 || this.#ids.has(id) || this.#ids.size === MAX_AUDIO_TRACKS - 1) return;
    this.#ids.add(id);
    this.#notify(id);
  }
}
