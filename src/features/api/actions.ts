import type { Clock } from "../../base/clock.ts";
import { maskText } from "../../base/mask.ts";
import { type Operation, pageOf, pageQuery } from "./operation.ts";
import { listOf, number, object, orNull, string, whole } from "./schema.ts";

/** Maximum number of actions that are kept. */
const MAX_ACTIONS = 200;
/** Maximum length of each text of an action, characters. */
const MAX_TEXT = 300;

/** A call by which an operator changed something, or was refused to. */
export interface Action {
  /** Unix ms. */
  readonly at: number;
  /** The caller: a user's name or the way of access. */
  readonly by: string;
  readonly method: string;
  readonly path: string;
  /** The operation's summary. */
  readonly summary: string;
  /** Query and body; "" without both. */
  readonly input: string;
  readonly status: number;
  /** Why the call was refused or failed. */
  readonly error: string | undefined;
}

const action = object({
  at: number,
  by: string,
  method: string,
  path: string,
  summary: string,
  input: string,
  status: whole,
  error: orNull(string),
});

/** The last calls of operations that change something, with their callers. */
export class Actions {
  readonly #clock: Pick<Clock, "wall">;
  /** Oldest first. */
  readonly #actions: Action[] = [];

  constructor(clock: Pick<Clock, "wall">) {
    this.#clock = clock;
  }

  /** Adds an action. Secrets in its texts are masked. */
  add({ path, input, error, ...rest }: Omit<Action, "at">): void {
    const short = (text: string) => maskText(text).slice(0, MAX_TEXT);
    const at = Math.round(this.#clock.wall());
    this.#actions.push({
      ...rest,
      at,
      path: short(path),
      input: short(input),
      error: error === undefined ? undefined : short(error),
    });
    if (this.#actions.length > MAX_ACTIONS) this.#actions.shift();
  }

  get operations(): readonly Operation[] {
    return [
      {
        method: "GET",
        path: "/api/v1/actions",
        role: "read",
        summary: "Who changed something by the API since the start, the last ones first.",
        query: pageQuery,
        answer: { actions: listOf(action) },
        run: (call) => ({
          list: "actions",
          items: this.#actions.toReversed(),
          page: pageOf(call),
          write: (item: Action) => ({ ...item, error: item.error ?? null }),
        }),
      },
    ];
  }
}
