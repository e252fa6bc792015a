import type { HttpRequest } from "../../src/http/request.ts";
import type { HttpAnswer, HttpExchange, HttpRoute } from "../../src/live/ports/http.ts";

/** What a route answers at once; undefined when it leaves the request to others. Fails when it answers twice, or in another way. */
export function answerOf(route: HttpRoute, request: HttpRequest): HttpAnswer | undefined {
  const answers: HttpAnswer[] = [];
  const remote = { host: "192.0.2.9", port: 4000 };
  const exchange: Pick<HttpExchange, "respond" | "remote"> = { remote, respond: (answer) => void answers.push(answer) };
  const taken = route.handle(request, exchange as HttpExchange);
  if (answers.length !== Number(taken)) throw new Error(`${answers.length} answers, and taken: ${taken}`);
  return answers[0];
}

/** The body of an answer that is in memory. */
export function bodyOf(answer: HttpAnswer | undefined): Uint8Array {
  if (answer?.body !== undefined && !(answer.body instanceof Uint8Array)) throw new Error("the body is a file");
  return answer?.body ?? new Uint8Array();
}
