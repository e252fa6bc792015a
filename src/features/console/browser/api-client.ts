/** Maximum time for an answer, ms. */
const TIMEOUT_MS = 8000;
/** If the server has not answered for this long, ms, the console shows that, although the answer may still come. */
const LATE_MS = 2500;

/** The state of the console's access to its server. */
export type Standing =
  | { readonly kind: "starting" }
  | { readonly kind: "in" }
  /** The user must sign in; `reason`: the server's sentence, "" at the start. */
  | { readonly kind: "out"; readonly reason: string }
  /** The server refuses this address (403), or has had too many requests from it (429); `reason` is its sentence. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The server has not answered since this time, Unix ms. */
  | { readonly kind: "lost"; readonly since: number };

/** A call failed. `status` is 0 if there was no answer. */
export class CallError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What an API client needs. */
export interface ApiClientOptions {
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** Unix ms. */
  now(): number;
  /** Calls `run` once after `ms`; returns a function that cancels the call. */
  after(ms: number, run: () => void): () => void;
  onStanding(standing: Standing): void;
}

/**
 * Calls the API with the rights of a user. Name and password are kept in memory only, and the console adds them to each request. The
 * browser doesn't know them, so other pages can't make it send them.
 */
export class ApiClient {
  readonly #options: ApiClientOptions;
  #authorization: string | undefined;
  /** Whether the server has accepted the user. */
  #wasAccepted = false;
  #standing: Standing = { kind: "starting" };

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** Whether a user has signed in. */
  get isSignedIn(): boolean {
    return this.#authorization !== undefined;
  }

  /** Signs in: further calls have this user's rights. Throws CallError if the server does not accept the user. */
  async signIn(name: string, password: string): Promise<void> {
    const before = this.#authorization;
    this.#authorization = basic(name, password);
    try {
      await this.call("GET", "/api/v1/session");
    } catch (error) {
      this.#authorization = before;
      throw error;
    }
  }

  /** Forgets the user. */
  signOut(reason = ""): void {
    this.#authorization = undefined;
    this.#wasAccepted = false;
    this.#become({ kind: "out", reason });
  }

  get<T>(path: string): Promise<T> {
    return this.call<T>("GET", path);
  }

  /** Throws CallError. */
  async call<T>(method: string, path: string, body?: object): Promise<T> {
    const authorization = this.#authorization;
    const asked = this.#options.now();
    const callOff = this.#options.after(LATE_MS, () => this.#lost(asked));
    let response: Response;
    let answer: object | undefined;
    try {
      response = await this.#options.fetch(path, {
        method,
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        headers: authorization === undefined ? {} : { authorization },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      answer = await read(response);
    } catch {
      throw this.#lost(asked);
    } finally {
      callOff();
    }
    if (response.ok && answer === undefined) throw this.#lost(asked);
    if (response.ok) {
      // An answer is ignored if the user has signed out meanwhile.
      if (authorization === this.#authorization) {
        this.#wasAccepted = true;
        this.#become({ kind: "in" });
      }
      return answer as T;
    }
    const { error = response.statusText } = (answer ?? {}) as { error?: string };
    if (authorization === this.#authorization) this.#refused(response.status, error, method, asked);
    throw new CallError(response.status, error);
  }

  /** No answer came, or one that is not the API's. While a user signs in, the form stays and shows it. */
  #lost(since: number): CallError {
    if (this.#standing.kind !== "out") this.#become({ kind: "lost", since });
    return new CallError(0, "");
  }

  #refused(status: number, reason: string, method: string, asked: number): void {
    if (status === 401) this.signOut(this.#wasAccepted ? reason : "");
    else if (status === 429 || (status === 403 && method === "GET")) this.#become({ kind: "refused", reason });
    // A proxy in front of the server answers, as the server is away.
    else if (status >= 502 && status <= 504) this.#lost(asked);
    else if (this.#standing.kind !== "in") this.#become({ kind: "in" });
  }

  #become(standing: Standing): void {
    const before = this.#standing;
    if (before.kind === standing.kind && (standing.kind === "in" || standing.kind === "lost")) return;
    this.#standing = standing;
    this.#options.onStanding(standing);
  }
}

/** Reads an answer's object; undefined if it is anything else, or cut off. */
async function read(response: Response): Promise<object | undefined> {
  try {
    const answer: unknown = await response.json();
    return typeof answer === "object" && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
}

function basic(name: string, password: string): string {
  const bytes = new TextEncoder().encode(`${name}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
