import type { HttpRoute } from "../../live/ports/http.ts";
import { textAnswer } from "./answer.ts";
import type { HttpContext } from "./context.ts";
import { headersOf } from "./statuses.ts";

/** `/healthz`: the process answers. `/readyz`, for load balancers: the process is neither starting nor draining. */
export function healthRoute(context: Pick<HttpContext, "stage">): HttpRoute {
  return {
    handle({ path }, exchange) {
      if (path === "/healthz") exchange.respond(textAnswer(200, "ok"));
      else if (path !== "/readyz") return false;
      else if (context.stage() === "running") exchange.respond(textAnswer(200, "ready"));
      else exchange.respond(textAnswer(503, context.stage(), headersOf(503)));
      return true;
    },
  };
}
