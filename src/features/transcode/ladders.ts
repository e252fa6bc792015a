import type { Ladder } from "../../live/source/ladder.ts";
import type { StreamName } from "../../live/streams.ts";
import type { EngineConfig } from "./config.ts";
import { type Output, outputName } from "./output.ts";
import { matches } from "./pattern.ts";

type LocalOutput = Extract<Output, { kind: "stream" }>;
type Vhosts = ReadonlyMap<string, { readonly transcode: ReadonlyMap<string, EngineConfig> }>;

/** The destination of an engine's result on this server. */
interface Rung {
  readonly vhost: string;
  readonly engineName: string;
  readonly engine: EngineConfig;
  readonly output: LocalOutput;
}

/** Stands for any source's name; no name contains it. */
const SOURCE = "\0";

/**
 * Knows which streams of this server form a ladder: several engines of one vhost make them from one source, under names that begin
 * with the source's. The configuration alone decides this, so ladders are known before anything is published.
 */
export class Ladders {
  readonly #vhosts: () => Vhosts;
  readonly #serving: (name: string) => string | undefined;
  /** The engines' results of all vhosts, and the configuration in which they were found. */
  #rungs: readonly Rung[] = [];
  #foundIn: Vhosts | undefined;

  /** `serving`: the name of the vhost that serves a name. */
  constructor(vhosts: () => Vhosts, serving: (name: string) => string | undefined) {
    this.#vhosts = vhosts;
    this.#serving = serving;
  }

  /** The ladder to which a stream belongs, or whose base is the stream's name. */
  of(name: StreamName): Ladder | undefined {
    const rungs = this.#all().flatMap((rung) => {
      const ending = this.#endingAt(rung, name);
      return ending === undefined ? [] : [{ rung, ending }];
    });
    const bases = rungs.flatMap(({ ending }) =>
      ending !== "" && name.stream.endsWith(ending) ? [name.stream.slice(0, -ending.length)] : [],
    );
    for (const base of [...bases, name.stream]) {
      const own = rungs.filter(({ rung: { engine } }) => matches(engine.streams, { app: name.app, stream: base }));
      for (const { rung } of own) {
        const endings = new Set(own.flatMap((each) => (each.rung.vhost === rung.vhost ? [each.ending] : [])));
        const hasName = base === name.stream || endings.has(name.stream.slice(base.length));
        if (base !== "" && endings.size > 1 && hasName) return { base, endings: [...endings] };
      }
    }
    return undefined;
  }

  #all(): readonly Rung[] {
    const vhosts = this.#vhosts();
    if (this.#foundIn !== vhosts) {
      this.#foundIn = vhosts;
      this.#rungs = [...vhosts].flatMap(([vhost, { transcode }]) =>
        [...transcode].flatMap(([engineName, engine]) =>
          engine.output.flatMap((output) => (output.kind === "stream" ? [{ vhost, engineName, engine, output }] : [])),
        ),
      );
    }
    return this.#rungs;
  }

  /** The ending of a result's name after the source's, for results in the source's vhost and app. */
  #endingAt({ vhost, engineName, output }: Rung, { vhost: at, app }: StreamName): string | undefined {
    const result = outputName(output, { vhost, app, stream: SOURCE }, engineName);
    const isBeside = result.app === app && this.#serving(result.vhost) === at;
    const ending = result.stream.slice(SOURCE.length);
    return isBeside && result.stream.startsWith(SOURCE) && !ending.includes(SOURCE) ? ending : undefined;
  }
}
