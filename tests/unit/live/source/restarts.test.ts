import { describe, expect, test } from "bun:test";
import { Feed, LiveStage, type Viewer } from "../../../support/live.ts";

const FRAME_MS = 40;
const GOP = 125;

/** Two origins, and an edge with a viewer that fetches from them; each origin makes an epoch of its own. */
class Origins {
  readonly stage = new LiveStage();
  readonly switches: boolean[] = [];
  readonly viewer: Viewer = this.stage.view({ name: "edge" });

  constructor() {
    this.stage.observe({
      published: () => undefined,
      unpublished: () => undefined,
      switched: (_, { inStep }) => this.switches.push(inStep),
    });
  }

  /** An encoder that sends a file to these origins, from its beginning. */
  encode(...names: readonly string[]): Encoder {
    return new Encoder(names.map((name) => this.stage.publish(name).headers()));
  }

  /** The edge fetches the stream from an origin, which sends its epoch first. */
  fetch(name: string): Feed {
    const info = { id: name, remote: "", param: "", hops: [name], via: "pull" } as const;
    const source = this.stage.stream("edge").publish(info, { onConflict: "standby" });
    source?.receiveEpoch(this.stage.stream(name).told.epoch ?? "", false);
    if (source === undefined) throw new Error(`${name} is refused`);
    return new Feed(source, this.stage.clock).headers();
  }

  /** The pictures that the viewer got since the last call: their numbers in the file. */
  pictures(): number[] {
    return this.viewer.news().flatMap((name) => (/^p\d+$/.test(name) ? [Number(name.slice(1))] : []));
  }
}

/** Sends the same pictures each time, a key frame every five seconds. */
class Encoder {
  readonly #origins: readonly Feed[];
  #next = 0;

  constructor(origins: readonly Feed[]) {
    this.#origins = origins;
  }

  /** Sends its next picture to its origins, which these pulls at the edge pass on. */
  picture(...pulls: readonly Feed[]): void {
    for (const feed of [...this.#origins, ...pulls]) picture(feed, this.#next);
    this.#next++;
  }

  /** Sends so many pictures, in real time. */
  send(count: number, stage: LiveStage, ...pulls: readonly Feed[]): void {
    for (let at = 0; at < count; at++) {
      this.picture(...pulls);
      stage.wait(FRAME_MS);
    }
  }

  /** A pull gets the origin's newest GOP. */
  join(pull: Feed): void {
    for (let at = this.#next - 1 - ((this.#next - 1) % GOP); at < this.#next; at++) picture(pull, at);
  }
}

function picture(feed: Feed, number: number): void {
  feed.time = number * FRAME_MS;
  if (number % GOP === 0) feed.key(`p${number}`);
  else feed.inter(`p${number}`);
}

/** An encoder that sends to these origins, of which the edge fetches from the first. */
function fetched(...names: readonly [string, ...string[]]) {
  const origins = new Origins();
  const encoder = origins.encode(...names);
  encoder.send(1, origins.stage);
  const pull = origins.fetch(names[0]);
  encoder.join(pull);
  return { origins, stage: origins.stage, encoder, pull };
}

describe("an edge whose source is lost", () => {
  test.each([0, 130])(
    "passes on what an encoder sends to another origin again, %i pictures after its start",
    (late) => {
      const { origins, stage, encoder, pull } = fetched("a");
      encoder.send(199, stage, pull);
      expect(origins.pictures().at(-1)).toBe(199);
      pull.end("lost");
      stage.clock.advance(500);
      const again = origins.encode("b");
      again.send(1 + late, stage);
      const other = origins.fetch("b");
      again.join(other);
      again.send(10, stage, other);
      expect(origins.pictures()[0]).toBe(late - (late % GOP));
    },
  );

  test("gets each picture once when the encoder sends to another origin, too, which has an epoch of its own", () => {
    const { origins, stage, encoder, pull } = fetched("a", "b");
    encoder.send(129, stage, pull);
    pull.end("lost");
    encoder.send(20, stage);
    const other = origins.fetch("b");
    encoder.join(other);
    encoder.send(50, stage, other);
    expect(origins.pictures()).toEqual(Array.from({ length: 200 }, (_, at) => at));
  });
});

describe("a source that stands by at an edge", () => {
  test("is in step if the encoder sends to its origin, too", () => {
    const { origins, stage, encoder, pull } = fetched("a", "b");
    const other = origins.fetch("b");
    encoder.join(other);
    encoder.send(129, stage, pull, other);
    pull.end("lost");
    encoder.send(70, stage, other);
    expect(origins.switches).toEqual([true]);
    expect(origins.pictures()).toEqual(Array.from({ length: 200 }, (_, at) => at));
  });

  test("is not in step if another encoder sends the same file to its origin, 4 s later", () => {
    const { origins, stage, encoder, pull } = fetched("a");
    encoder.send(99, stage, pull);
    const later = origins.encode("b");
    later.send(1, stage);
    const other = origins.fetch("b");
    later.join(other);
    for (let at = 0; at < 50; at++) {
      later.picture(other);
      encoder.send(1, stage, pull);
    }
    pull.end("lost");
    expect(origins.switches).toEqual([false]);
  });
});
