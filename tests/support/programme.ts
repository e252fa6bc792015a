import type { Demand } from "../../src/live/readers/demand.ts";
import type { PacketRange } from "../../src/live/readers/packet-reader.ts";
import { dateAt, locate, type Span } from "../../src/live/source/epoch.ts";
import type { Stream } from "../../src/live/stream.ts";
import { PacketKind } from "../../src/media/packet.ts";
import { nameOf } from "./live.ts";

const FRAGMENTS = [1000, 2000, 5000];

/** A muxer's view of a stream at one server: where each picture lies in the programme, by the picture's name. */
export class Programme {
  /** Epoch, span, discontinuity sequence and date; of key frames, the numbers for some fragments, too. The rest of a span may be of two slots. */
  readonly places = new Map<string, string>();
  /** In the order in which they came: epoch and number for the shortest fragment. */
  readonly numbers: { readonly id: string; readonly number: number; readonly date: number }[] = [];

  constructor(stream: Stream, demand?: Demand) {
    stream.tap({ send: (range) => this.#take(stream, range) }, {}, demand);
  }

  #take(stream: Stream, range: PacketRange): boolean {
    let seq = range.from;
    range.forEach(({ kind, time, payload }) => {
      const epoch = stream.epochs.at(seq++);
      if (kind !== PacketKind.Video || payload[1] !== 1 || epoch === undefined) return;
      const places = FRAGMENTS.map((fragment) => locate(epoch, fragment, time));
      const [place] = places;
      if (place === undefined) return;
      const date = dateAt(epoch.spans[place.span] as Span, time);
      const isKey = payload[0] === 0x17;
      const numbers = isKey ? places.map((one) => `${one?.number}/${one?.slot}`).join(" ") : "";
      this.places.set(nameOf(kind, payload), `${epoch.id} ${place.span} ${place.discontinuity} ${date} ${numbers}`);
      if (isKey) this.numbers.push({ id: epoch.id, number: place.number, date });
    });
    return true;
  }
}

/** Pictures that several servers have: how many, and those that lie at different places, with what each says. */
export function compare(...programmes: readonly Programme[]) {
  const [first, ...others] = programmes;
  let shared = 0;
  const different: string[] = [];
  for (const [name, place] of first?.places ?? []) {
    for (const [at, { places }] of others.entries()) {
      const other = places.get(name);
      if (other === undefined) continue;
      shared++;
      if (other !== place) different.push(`${name}: ${place} | ${at + 1}: ${other}`);
    }
  }
  return { shared, different };
}
