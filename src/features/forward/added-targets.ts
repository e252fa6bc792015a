import { UserError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { AddedTarget, TargetRequest } from "../../live/ports/commands.ts";
import type { StreamName } from "../../live/streams.ts";
import { maskTarget, parseTarget, type RelayTarget, targetIdentity } from "../../relay/target.ts";
import { type KeptTarget, KeptTargets, type TargetStore } from "./kept-targets.ts";

/** Maximum number of added targets. */
const MAX_ADDED = 100;

interface Added {
  readonly request: TargetRequest;
  readonly target: RelayTarget;
}

/** Targets that the operator has added to the running server. They stay until they are removed; kept ones also survive a restart. */
export class AddedTargets {
  readonly #kept: KeptTargets;
  readonly #added = new Map<string, Added>();
  #nextId = 1;
  /** The last change: changes run one after another, as writing takes time. */
  #changing: Promise<unknown> = Promise.resolve();

  /** Begins with the targets that are kept in the store. */
  constructor(store: TargetStore | undefined, log: Log) {
    this.#kept = new KeptTargets(store, log);
    for (const { id, request } of this.#kept.read()) {
      if (this.#added.size >= MAX_ADDED || this.#added.has(id)) continue;
      try {
        this.#added.set(id, { request, target: parseTarget(request.target) });
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        log.error("kept forward target is wrong, streams are not sent to it", { id, error: error.message });
        continue;
      }
      this.#nextId = Math.max(this.#nextId, Number(id.slice(1)) + 1);
    }
    if (this.#added.size > 0)
      log.info("forward targets are kept from before the restart", {
        file: store?.path,
        targets: this.list()
          .map(({ id, target }) => `${id} ${target}`)
          .join(", "),
      });
  }

  /** All added targets, without their secrets. */
  list(): AddedTarget[] {
    return [...this.#added].map(([id, added]) => shown(id, added));
  }

  /** Rejects with UserError if the target is malformed, exists already, or can't be kept. */
  add(request: TargetRequest): Promise<AddedTarget> {
    return this.#inTurn(async () => {
      const added = { request, target: parseTarget(request.target) };
      if (this.#added.size >= MAX_ADDED)
        throw new UserError(`${MAX_ADDED} targets are added already; remove some of them`);
      const identity = identityOf(added);
      for (const [id, other] of this.#added)
        if (identityOf(other) === identity) throw new UserError(`this target is added already, as ${id}`);
      const id = `t${this.#nextId}`;
      if (request.keep) await this.#kept.write([...this.#toKeep(), { id, request }]);
      this.#nextId++;
      this.#added.set(id, added);
      return shown(id, added);
    });
  }

  /** Rejects with UserError if the target is kept and the store can't be written; then it stays. */
  remove(id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const added = this.#added.get(id);
      if (added?.request.keep) await this.#kept.write(this.#toKeep().filter((each) => each.id !== id));
      return this.#added.delete(id);
    });
  }

  /** The targets of a stream. */
  of(name: StreamName): RelayTarget[] {
    const all = [...this.#added.values()];
    return all.filter(({ request }) => isFor(request, name)).map(({ target }) => target);
  }

  #toKeep(): KeptTarget[] {
    return [...this.#added].flatMap(([id, { request }]) => (request.keep ? [{ id, request }] : []));
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changing.then(change);
    this.#changing = changed.catch(() => undefined);
    return changed;
  }
}

function isFor({ vhost, app, stream }: TargetRequest, name: StreamName): boolean {
  return (
    (vhost ?? name.vhost) === name.vhost && (app ?? name.app) === name.app && (stream ?? name.stream) === name.stream
  );
}

function shown(id: string, { request, target }: Added): AddedTarget {
  return { ...request, id, target: maskTarget(target) };
}

function identityOf({ request: { vhost, app, stream }, target }: Added): string {
  return JSON.stringify([vhost, app, stream, targetIdentity(target)]);
}
