import type { Clock } from "../../base/clock.ts";
import type { HttpGet } from "../../base/http.ts";
import { printable } from "../../base/printable.ts";
import { type Answer, challengeOf, MAX_ANSWER, PATH, readAnswer, versionOf } from "./messages.ts";
import { answerMac, formatCredentials, isSameMac, PROTOCOL, questionMac } from "./signature.ts";

/** A node has this long to answer. */
const TIMEOUT_MS = 1400;
/** Maximum length of another server's sentence that is shown, characters. */
const MAX_SHOWN = 200;

/** What a question needs. */
export interface QuestionContext {
  readonly clock: Pick<Clock, "after">;
  readonly httpGet: HttpGet;
  readonly secret: string;
  /** 32 random hexadecimal digits. */
  readonly nonce: string;
  /** The peer's URL. */
  readonly peer: string;
  /** The asked node's challenge; "" before its first answer. */
  readonly challenge: string;
  /** The query: the asker's id, whether it drains, and the revision of the streams that it knows. */
  readonly params: Readonly<Record<string, string>>;
}

/** The outcome of a question: an answer, a challenge for asking again, or a problem. */
export type Outcome =
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "challenge"; readonly challenge: string }
  | { readonly kind: "problem"; readonly problem: string };

/** Asks a node once; `done` is called once, later. The returned function gives the question up. */
export function ask(context: QuestionContext, done: (outcome: Outcome) => void): () => void {
  const { clock, httpGet, secret, nonce, peer, challenge, params } = context;
  const target = `${PATH}?${new URLSearchParams(params)}`;
  const mac = questionMac(secret, target, nonce, challenge);
  let status = 0;
  const parts: Uint8Array[] = [];
  let length = 0;
  const finish = (outcome: Outcome) => {
    timeout.cancel();
    request.abort();
    done(outcome);
  };
  const timeout = clock.after(TIMEOUT_MS, () => finish(problem(`no answer within ${TIMEOUT_MS} ms`)));
  const request = httpGet(
    peer + target,
    {
      onResponse(given) {
        status = given;
      },
      onData(bytes) {
        length += bytes.length;
        if (length > MAX_ANSWER) finish(problem(`its answer has more than ${MAX_ANSWER} bytes`));
        else parts.push(bytes);
      },
      onEnd(reason) {
        if (reason === undefined) finish(outcomeOf(status, decoded(parts), context));
        else finish(problem(reason));
      },
    },
    { headers: { authorization: formatCredentials({ version: PROTOCOL, nonce, challenge, mac }) } },
  );
  return () => {
    timeout.cancel();
    request.abort();
  };
}

function decoded(parts: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
}

/** The first line of an answer's body is its signature. */
function outcomeOf(status: number, text: string, { secret, nonce }: QuestionContext): Outcome {
  if (status === 401) {
    const challenge = challengeOf(text);
    if (challenge !== undefined) return { kind: "challenge", challenge };
  }
  const version = versionOf(text);
  if (status !== 200 && version !== undefined && version !== PROTOCOL)
    return problem(
      `it speaks version ${version} of the cluster's protocol, and this server ${PROTOCOL}: run the same release on both`,
    );
  if (status === 403 && version === PROTOCOL)
    return problem("it refuses our signature; all nodes need the same cluster.secret_file");
  if (status === 401 || status === 403 || status === 404)
    return problem(`it answers ${status}, so it has no cluster.secret_file; all nodes need the same`);
  if (status !== 200) return problem(`it answers ${status}: ${printable(text.slice(0, MAX_SHOWN)).trim()}`);
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  if (!isSameMac(text.slice(0, Math.max(0, end)), answerMac(secret, nonce, body)))
    return problem("its answer is not signed with our secret; all nodes need the same cluster.secret_file");
  const answer = readAnswer(body);
  return answer === undefined
    ? problem("its answer can't be read: run the same release on both")
    : { kind: "answer", answer };
}

function problem(text: string): Outcome {
  return { kind: "problem", problem: text };
}
