import { expect, test } from "bun:test";
import type { HttpBody, HttpExchange } from "../../src/live/ports/http.ts";
import { concat, fragments } from "../support/bytes.ts";
import { latin1 } from "../support/http.ts";
import { type HttpEnd, HttpStage } from "../support/http-stage.ts";
import { mutate } from "../support/mutate.ts";
import { mulberry32, pick } from "../support/random.ts";
import { acceptedHeads } from "../vectors/http.ts";
import { smugglingHeads } from "../vectors/http-smuggling.ts";

const good = ["/now", "/later", "/live", "/large"].map((path) => latin1(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`));
const others = [...acceptedHeads, ...smugglingHeads].map(({ input }) => latin1(input));

/** A server of one client, and what waits for its answer or goes on. */
class Conversation extends HttpStage {
  readonly later: HttpExchange[];
  readonly bodies: HttpBody[];
  readonly end: HttpEnd;

  constructor() {
    const [later, bodies]: [HttpExchange[], HttpBody[]] = [[], []];
    super({
      "/now": (exchange) => exchange.respond({ status: 200, body: new Uint8Array(10) }),
      "/later": (exchange) => later.push(exchange),
      "/large": (exchange) => exchange.respond({ status: 200, body: new Uint8Array(50_000) }),
      "/live": (exchange) => bodies.push(exchange.stream({ type: "a/b" }, { drained: () => {}, gone: () => {} })),
    });
    [this.later, this.bodies, this.end] = [later, bodies, this.dial()];
  }

  /** The client sends these pieces, and anything happens between; all that it hears. */
  have(pieces: Iterable<Uint8Array>, random: () => number): string {
    let heard = "";
    for (const piece of pieces) {
      if (random() < 0.1) this.end.sink.stall();
      heard += this.end.say(piece);
      if (random() < 0.1) this.end.sink.drain();
      if (random() < 0.3) this.later.pop()?.respond({ status: 404 });
      if (random() < 0.1) this.bodies.pop()?.end();
      expect(this.end.heldBytes).toBeLessThan(200_000);
    }
    if (random() < 0.3) this.end.endSide();
    this.end.sink.drain();
    return heard + this.end.hear();
  }

  /** All that waits is answered, and all that goes on ends. */
  finish(): void {
    for (const exchange of this.later) exchange.respond({ status: 404 });
    for (const body of this.bodies) body.end();
    this.end.hear();
  }
}

test("damaged conversations of any kind are answered or closed, and nothing is left of them", () => {
  const states = new Set<string>();
  for (let seed = 0; seed < 1500; seed++) {
    const random = mulberry32(seed);
    const all = concat(Array.from({ length: 4 }, () => pick(random, random() < 0.8 ? good : others)));
    const pieces = fragments(random() < 0.5 ? mutate(random, all) : all, random, pick(random, [3, 50, 1000]));
    const stage = new Conversation();
    expect(stage.have(pieces, random)).toMatch(/^(?:$|HTTP\/1\.1 \d{3} )/);
    stage.finish();
    // A connection without a request, or with a part of one, ends by itself.
    stage.clock.advance(60_000);
    states.add(stage.end.state);
    stage.end.hangUp();
    expect([stage.connections.idle, [...stage.clients.all()].length]).toEqual([true, 0]);
  }
  expect([...states].toSorted()).toEqual(["aborted", "closing"]);
});
