import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiClient, CallError, type Standing } from "./api-client.ts";
import { Poller } from "./poller.ts";

/** Wait before a request is repeated that the server refused as one too many (429), ms. */
const TOO_MANY_MS = 10_000;

/** Called when the standing changes; one function for the whole console. */
let listener: (standing: Standing) => void = () => undefined;

/** The console's server. */
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

/** Follows the console's access to its server. */
export function useStanding(): Standing {
  const [standing, setStanding] = useState(server.standing);
  useEffect(() => {
    listener = setStanding;
    setStanding(server.standing);
  }, []);
  return standing;
}

/** Why a page has no newer answer, if the bar above all pages does not tell it. */
export interface Trouble {
  readonly status: number;
  /** The server's sentence. */
  readonly message: string;
}

/** An answer that is requested repeatedly. */
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
 * Requests `path` repeatedly while the page is visible, `everyMs` after each answer. If `everyMs` is a function, it must stay the same
 * for the life of the page. `onAnswer` gets each answer once. An undefined path requests nothing. `query` is added to the path and may
 * change with each request.
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
  // Answers to another path are not shown for this one.
  const isOwn = state.path === path;
  // The error boundary around the page shows it.
  if (isOwn && state.thrown !== undefined) throw state.thrown;
  return { data: isOwn ? state.data : undefined, error: isOwn ? state.error : undefined, refresh };
}

/** The trouble of an error; undefined if the bar above all pages tells it. */
function troubleOf(error: unknown): Trouble | undefined {
  if (!(error instanceof CallError)) return { status: 0, message: String(error) };
  return server.standing.kind === "in" ? error : undefined;
}
