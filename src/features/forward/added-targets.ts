import { UserError } from "../../base/errors.ts";
import type { AddedTarget, TargetRequest } from "../../live/ports/feature.ts";
import type { StreamName } from "../../live/streams.ts";
import { maskTarget, parseTarget, type RelayTarget, targetIdentity } from "../../relay/target.ts";

/** Targets that may be added at a time. */
const MAX_ADDED = 100;

interface Added {
  readonly request: TargetRequest;
  readonly target: RelayTarget;
}

/** Targets that the operator has added while the server runs, until they are removed or the server stops. */
export class AddedTargets {
  readonly #added = new Map<string, Added>();
  #nextId = 1;

  /** Their targets masked. */
  list(): AddedTarget[] {
    return [...this.#added].map(([id, added]) => shown(id, added));
  }

  /** Throws UserError for a target that can't be one, or is there already. */
  add(request: TargetRequest): AddedTarget {
    const target = parseTarget(request.target);
    if (this.#added.size >= MAX_ADDED)
      throw new UserError(`${MAX_ADDED} targets are added already; remove some of them`);
    const identity = identityOf({ request, target });
    for (const [id, other] of this.#added)
      if (identityOf(other) === identity) throw new UserError(`this target is added already, as ${id}`);
    const id = `t${this.#nextId++}`;
    this.#added.set(id, { request, target });
    return shown(id, { request, target });
  }

  remove(id: string): boolean {
    return this.#added.delete(id);
  }

  /** The targets of a stream. */
  of(name: StreamName): RelayTarget[] {
    const all = [...this.#added.values()];
    return all.filter(({ request }) => isFor(request, name)).map(({ target }) => target);
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
