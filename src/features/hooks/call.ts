import type { HttpPost } from "../../base/http.ts";
import { type HookResult, readAnswer } from "./answer.ts";

/** Maximum size of an answer, bytes. */
const MAX_ANSWER = 64 * 1024;

/** One HTTP request to a back end. */
export interface CallRequest {
  readonly url: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** When the caller gives up, ms. */
  readonly timeoutMs: number;
}

/** Calls a back end once; `done` is called once, later. The returned function gives the call up: `done` is then never called. */
export function call(
  httpPost: HttpPost,
  { url, body, headers, timeoutMs }: CallRequest,
  done: (result: HookResult) => void,
): () => void {
  let status = 0;
  // Appending to a text costs little, even if the answer comes byte by byte.
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
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
        size += bytes.length;
        if (size <= MAX_ANSWER) text += decoder.decode(bytes, { stream: true });
        else finish({ kind: "failed", problem: `its answer has more than ${MAX_ANSWER} bytes` });
      },
      onEnd(reason) {
        finish(
          reason === undefined ? readAnswer(status, text + decoder.decode()) : { kind: "failed", problem: reason },
        );
      },
    },
    { headers, timeoutMs },
  );
  return () => request.abort();
}
