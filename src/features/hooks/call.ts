import type { HttpPost } from "../../base/http.ts";
import { joined } from "../../base/memory.ts";
import { type HookResult, readAnswer } from "./answer.ts";

/** Maximum size of an answer, bytes. */
const MAX_ANSWER = 64 * 1024;

/** One HTTP request to a back end. */
export interface CallRequest {
  readonly url: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Calls a back end once; `done` is called once, later. The returned function gives the call up: `done` is then never called. */
export function call(
  httpPost: HttpPost,
  { url, body, headers }: CallRequest,
  done: (result: HookResult) => void,
): () => void {
  let status = 0;
  let answer: Uint8Array = new Uint8Array();
  const finish = (result: HookResult) => {
    request.abort();
    done(result);
  };
  const request = httpPost(
    url,
    { type: "application/json", bytes: body },
    {
      onResponse(given) {
        status = given;
      },
      onData(bytes) {
        const problem = `its answer has more than ${MAX_ANSWER} bytes`;
        if (answer.length + bytes.length > MAX_ANSWER) finish({ kind: "failed", problem });
        else answer = joined(answer, bytes);
      },
      onEnd(reason) {
        finish(
          reason === undefined
            ? readAnswer(status, new TextDecoder().decode(answer))
            : { kind: "failed", problem: reason },
        );
      },
    },
    { headers },
  );
  return () => request.abort();
}
