import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiClient, CallError, type Standing } from "./api-client.ts";
import { Poller } from "./poller.ts";

/** How long nothing is asked again that the server has had too many questions for, ms. */
const TOO_MANY_MS = 10_000;

/** What is told of the standing, one function for the whole console. */
let listener: (standing: Standing) => void = () => undefined;

/** The server that the console is of. */
export const server = new ApiClient({
  fetch: (path, init) => fetch(path, init),
  now: () => Date.now(),
  after,
  onStanding: (standing) => listener(standing),
});

function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

/** Follows how the console stands with its server. */
export function useStanding(): Standing {
  const [standing, setStanding] = useState(server.standing);
  useEffect(() => {
    listener = setStanding;
    setStanding(server.standing);
  }, []);
  return standing;
}

/** Why a page has no newer answer, when nothing around it tells that. */
export interface Trouble {
  readonly status: number;
  /** The server's sentence. */
  readonly message: string;
}

/** An answer that is asked for again and again. */
export interface Polled<T> {
  /** The last one; undefined before the first. */
  readonly data: T | undefined;
  readonly error: Trouble | undefined;
  /** Asks at once: something was changed. */
  refresh(): void;
}

interface State<T> {
  readonly path: string | undefined;
  readonly data?: T;
  readonly error?: Trouble | undefined;
  /** What `onAnswer` threw. */
  readonly thrown?: unknown;
}

/**
 * Asks the API again and again while the page is seen, `everyMs` after each answer, or as its function says of the answer: one
 * function for the whole life of the page. `onAnswer` gets each answer once. A path that is undefined asks nothing. `query` adds to it
 * what changes from question to question.
 */
export function usePolled<T>(
  path: string | undefined,
  everyMs: number | ((answer: T | undefined) => number),
  onAnswer?: (answer: T) => void,
  query?: () => string,
): Polled<T> {
  const [state, setState] = useState<State<T>>({ path });
  const poller = useRef<Poller<T> | undefined>(undefined);
  const heard = useRef(onAnswer);
  heard.current = onAnswer;
  const asked = useRef(query);
  asked.current = query;
  useEffect(() => {
    if (path === undefined) return undefined;
    const nextMs = (answer: T | undefined) => (typeof everyMs === "number" ? everyMs : everyMs(answer));
    const made = new Poller<T>({
      nextMs,
      againMs: (error) => (error instanceof CallError && error.status === 429 ? TOO_MANY_MS : nextMs(undefined)),
      isHidden: () => document.hidden,
      ask: () => server.get<T>(path + (asked.current?.() ?? "")),
      onAnswer(data) {
        try {
          heard.current?.(data);
          setState({ path, data });
        } catch (thrown) {
          setState({ path, thrown });
        }
      },
      onError(error) {
        const trouble = troubleOf(error);
        setState((before) => ({ ...(before.path === path ? before : {}), path, error: trouble }));
      },
      after,
    });
    const ask = () => made.ask();
    poller.current = made;
    document.addEventListener("visibilitychange", ask);
    ask();
    return () => {
      made.stop();
      document.removeEventListener("visibilitychange", ask);
    };
  }, [path, everyMs]);
  const refresh = useCallback(() => poller.current?.ask(), []);
  // What belongs to another path is not shown for this one.
  const isOwn = state.path === path;
  // What is around the page says so.
  if (isOwn && state.thrown !== undefined) throw state.thrown;
  return { data: isOwn ? state.data : undefined, error: isOwn ? state.error : undefined, refresh };
}

/** Undefined when the bar above all pages tells it. */
function troubleOf(error: unknown): Trouble | undefined {
  if (!(error instanceof CallError)) return { status: 0, message: String(error) };
  return server.standing.kind === "in" ? error : undefined;
}
