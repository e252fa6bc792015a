import { ANNOUNCE, LOOK, NODES, RENEW, type Script, SWEEP } from "../../src/features/registry/scripts.ts";

/** As in the scripts. */
const WATCH_MS = 3000;

type Value = string | Set<string> | Map<string, string>;

/** The part of Redis that the registry uses, in memory: its scripts are written once more, so that a test can compare both. */
export class RedisModel {
  readonly #now: () => number;
  readonly #keys = new Map<string, { value: Value; until: number }>();
  /** What is published. */
  publish: (channel: string, text: string) => number = () => 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** All keys that are there. */
  get keys(): string[] {
    return [...this.#keys.keys()].filter((key) => this.#get(key) !== undefined).toSorted();
  }

  flush(): void {
    this.#keys.clear();
  }

  /** Everything, for a replica that knows the same. */
  copyFrom(other: RedisModel): void {
    this.flush();
    for (const [key, { value, until }] of other.#keys) {
      const copy = typeof value === "string" ? value : value instanceof Set ? new Set(value) : new Map(value);
      this.#keys.set(key, { value: copy, until });
    }
  }

  /** Puts a text where something else may be expected. */
  damage(key: string, text: string): void {
    this.#keys.set(key, { value: text, until: Number.POSITIVE_INFINITY });
  }

  /** Who owns a stream; undefined when nobody does. */
  owner(base: string, name: string): string | undefined {
    const value = this.#get(`${base}:stream:${name}`);
    return value instanceof Map ? value.get("owner") : undefined;
  }

  /** As when nodes have renewed their leases for a while. */
  keepWatch(base: string): void {
    this.#keys.set(`${base}:watch`, { value: "", until: this.#now() + WATCH_MS });
  }

  run(command: string, args: readonly string[]): unknown {
    const [first = "", second = ""] = args;
    switch (command) {
      case "PING":
        return "PONG";
      case "INFO":
        return "redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\n";
      case "SRANDMEMBER":
        return this.#members(first);
      case "DEL":
        return this.#keys.delete(first) ? 1 : 0;
      case "PUBLISH":
        return this.publish(first, second);
      case "EVALSHA":
      case "EVAL":
        return this.#script(command, args);
      default:
        throw new Error(`ERR unknown command '${command}'`);
    }
  }

  #script(command: string, [which = "", , base = "", ...args]: readonly string[]): unknown {
    const is = ({ sha, text }: Script) => which === (command === "EVAL" ? text : sha);
    if (is(RENEW)) return this.#renew(base, args);
    if (is(NODES)) return this.#nodes(base, Number(args[0]));
    if (is(ANNOUNCE)) return this.#announce(base, args);
    if (is(LOOK)) return args.map((name) => this.#look(base, name));
    if (is(SWEEP)) return this.#sweep(base, args);
    throw new Error("NOSCRIPT No matching script.");
  }

  #renew(base: string, [id = "", text = "", lease, keep]: readonly string[]): readonly number[] {
    const key = `${base}:node:${id}`;
    const had = this.#get(key) === undefined ? 0 : 1;
    if (text === "") this.#keep(key, this.#now() + Number(lease));
    else {
      const next = (Number(this.#text(`${base}:revision`)) || 0) + 1;
      const revision = String(next >= 1 && next <= 1e15 ? next : 1);
      this.#keys.set(`${base}:revision`, { value: revision, until: this.#now() + Number(keep) });
      this.#keys.set(key, { value: `${revision} ${text}`, until: this.#now() + Number(lease) });
    }
    this.#know(base, id, this.#now() + Number(keep));
    const watch = `${base}:watch`;
    const left = this.#ttl(watch);
    if (left === 0 || left > WATCH_MS + Number(lease))
      this.#keys.set(watch, { value: "", until: this.#now() + WATCH_MS + Number(lease) });
    else if (left <= WATCH_MS) this.#keep(watch, this.#now() + WATCH_MS);
    return [had, this.#members(`${base}:has:${id}`).length];
  }

  #nodes(base: string, since: number): unknown[] {
    const now = Number(this.#text(`${base}:revision`)) || 0;
    const [living, dead, out]: [string[], string[], unknown[]] = [[], [], []];
    for (const id of this.#members(`${base}:nodes`)) {
      const text = this.#text(`${base}:node:${id}`) ?? "";
      (text === "" ? dead : living).push(id);
      const revision = Number(/^(\d+) /.exec(text)?.[1] ?? now + 1);
      if (text !== "" && revision > (since > now ? 0 : since)) out.push(id, text);
    }
    return [now, living.join(" "), dead.join(" "), ...out];
  }

  #know(base: string, id: string, until: number): void {
    this.#set(`${base}:nodes`).add(id);
    this.#keep(`${base}:nodes`, until);
  }

  #announce(base: string, [id = "", keep, ...announcements]: readonly string[]): unknown[] {
    const until = this.#now() + Number(keep);
    this.#know(base, id, until);
    const out: unknown[] = [];
    for (let at = 0; at < announcements.length; at += 4) {
      const [name = "", wanted = "", claim = "", copy = ""] = announcements.slice(at, at + 4);
      const key = `${base}:stream:${name}`;
      const hash = this.#hash(key);
      const before = hash.get("owner") ?? "";
      if (claim !== "" && wanted !== "") this.#claim(base, name, hash, id, claim);
      else if (before === id) hash.delete("owner");
      const owner = hash.get("owner") ?? "";
      const place = claim !== "" && wanted !== "" && owner !== id ? copy : wanted;
      const has = this.#set(`${base}:has:${id}`);
      if (place !== "") {
        hash.set(`at:${id}`, place);
        has.add(name);
      } else {
        hash.delete(`at:${id}`);
        has.delete(name);
      }
      if (wanted !== "") this.#keep(key, until);
      this.#tidy(key);
      if (owner !== before) this.publish(`${base}:moved`, `${id} ${name}`);
      out.push(owner, Number(hash.get("term") ?? 0) || 0);
    }
    this.#keep(`${base}:has:${id}`, until);
    this.#tidy(`${base}:has:${id}`);
    return out;
  }

  #claim(base: string, name: string, hash: Map<string, string>, id: string, claim: string): void {
    const owner = hash.get("owner") ?? "";
    const term = Number(hash.get("term") ?? 0) || 0;
    const kept = claim.startsWith("keep:") ? Number(claim.slice(5)) : undefined;
    if (owner === id) hash.set("term", String(Math.max(term, kept ?? 0)));
    else if (
      claim === "replace" ||
      !this.#isAlive(base, owner) ||
      (kept ?? 0) > term ||
      (kept === term && !this.#hasLease(base, owner))
    ) {
      hash.delete(`at:${owner}`);
      this.#set(`${base}:has:${owner}`).delete(name);
      this.#tidy(`${base}:has:${owner}`);
      hash.set("owner", id);
      hash.set("term", String(kept !== undefined && kept > term ? kept : term + 1));
    }
  }

  #look(base: string, name: string): unknown[] {
    const value = this.#get(`${base}:stream:${name}`);
    const hash = value instanceof Map ? value : new Map<string, string>();
    const owner = hash.get("owner") ?? "";
    const row: unknown[] = [this.#isAlive(base, owner) ? owner : "", Number(hash.get("term") ?? 0) || 0];
    for (const [field, place] of hash)
      if (field.startsWith("at:") && this.#isAlive(base, field.slice(3))) row.push(field.slice(3), place);
    return row;
  }

  #sweep(base: string, [id = "", most, how]: readonly string[]): number {
    if (this.#hasLease(base, id) || (how !== "left" && this.#isAlive(base, id))) return 0;
    const has = this.#set(`${base}:has:${id}`);
    const names = [...has].slice(0, Number(most));
    for (const name of names) {
      has.delete(name);
      const key = `${base}:stream:${name}`;
      const hash = this.#hash(key);
      hash.delete(`at:${id}`);
      if (hash.get("owner") === id) {
        hash.delete("owner");
        this.publish(`${base}:moved`, `${id} ${name}`);
      }
      this.#tidy(key);
    }
    this.#tidy(`${base}:has:${id}`);
    if (names.length === Number(most)) return 1;
    this.#set(`${base}:nodes`).delete(id);
    this.#tidy(`${base}:nodes`);
    return 0;
  }

  #isAlive(base: string, id: string): boolean {
    const isBack = this.#ttl(`${base}:watch`) > WATCH_MS;
    return id !== "" && (isBack || this.#hasLease(base, id));
  }

  #hasLease(base: string, id: string): boolean {
    return this.#get(`${base}:node:${id}`) !== undefined;
  }

  /** How long a key lives, ms; 0 for one that is not there. */
  #ttl(key: string): number {
    return this.#get(key) === undefined ? 0 : (this.#keys.get(key)?.until ?? 0) - this.#now();
  }

  #get(key: string): Value | undefined {
    const entry = this.#keys.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > this.#now()) return entry.value;
    this.#keys.delete(key);
    return undefined;
  }

  #text(key: string): string | undefined {
    const value = this.#get(key);
    return typeof value === "string" ? value : undefined;
  }

  #set(key: string): Set<string> {
    const value = this.#get(key);
    return value instanceof Set ? value : this.#put(key, new Set());
  }

  #members(key: string): string[] {
    const value = this.#get(key);
    return value instanceof Set ? [...value] : [];
  }

  #hash(key: string): Map<string, string> {
    const value = this.#get(key);
    return value instanceof Map ? value : this.#put(key, new Map());
  }

  #put<V extends Value>(key: string, value: V): V {
    this.#keys.set(key, { value, until: Number.POSITIVE_INFINITY });
    return value;
  }

  #keep(key: string, until: number): void {
    const entry = this.#keys.get(key);
    if (entry !== undefined) entry.until = until;
  }

  /** Redis has no empty sets and hashes. */
  #tidy(key: string): void {
    const value = this.#get(key);
    if (value !== undefined && typeof value !== "string" && value.size === 0) this.#keys.delete(key);
  }
}
