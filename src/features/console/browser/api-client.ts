/** An answer takes this long at most, ms. */
const TIMEOUT_MS = 8000;
/** A server that has not answered for this long is told of, although its answer may still come, ms. */
const LATE_MS = 2500;

/** How the console stands with its server. */
export type Standing =
  | { readonly kind: "starting" }
  | { readonly kind: "in" }
  /** It must sign in; `reason`: what the server said, "" at the start. */
  | { readonly kind: "out"; readonly reason: string }
  /** The server answers nobody here, or not now. */
  | { readonly kind: "refused"; readonly reason: string }
  /** The server does not answer since this time, Unix ms. */
  | { readonly kind: "lost"; readonly since: number };

/** A call that was not answered as it should be. `status` is 0 when no answer came. */
export class CallError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What a client is made of. */
export interface ApiClientOptions {
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** Unix ms. */
  now(): number;
  /** Calls once, later; returns how to call it off. */
  after(ms: number, run: () => void): () => void;
  onStanding(standing: Standing): void;
}

/**
 * Calls the API by the rights of a user. Name and password are in memory alone, and go with each request by the console itself: a
 * browser that sends none by itself can't be made to by other pages.
 */
export class ApiClient {
  readonly #options: ApiClientOptions;
  #authorization: string | undefined;
  /** Whether the server has answered by these rights. */
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

  /** Calls are of this user from now on; `check` shows whether the server agrees. Throws CallError. */
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
      // An answer to a user who has signed out meanwhile says nothing.
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

  /** No answer came, or something else's than the API's. Who signs in is told by the form, which stays. */
  #lost(since: number): CallError {
    if (this.#standing.kind !== "out") this.#become({ kind: "lost", since });
    return new CallError(0, "");
  }

  #refused(status: number, reason: string, method: string, asked: number): void {
    if (status === 401) this.signOut(this.#wasAccepted ? reason : "");
    else if (status === 429 || (status === 403 && method === "GET")) this.#become({ kind: "refused", reason });
    // Something else stands before the server, such as a proxy whose server is away.
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

/** The object that an answer is; undefined for anything else, and for one that is cut off. */
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
