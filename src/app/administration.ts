import { resolve } from "node:path";
import type { Change } from "../base/change.ts";
import { UserError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { merge } from "../config/merge.ts";
import { showPath } from "../config/show.ts";
import type { ApiContext, ApiUser, ConfigState } from "../features/api/context.ts";
import { readTextFile } from "../io/files/text-file.ts";
import { ClusterSecret } from "./cluster-secret.ts";
import { type Config, effectiveToml, isStandardInput, type Loaded, rootTable } from "./config/index.ts";
import type { Answer } from "./control.ts";
import type { Follower, LiveConfig } from "./live-config.ts";

/** Maximum size of a password's file: a larger file is a wrong one. */
const MAX_PASSWORD_BYTES = 4096;
const MIN_PASSWORD = 8;

/** What the API needs of the process and its configuration. */
export type Administration = Pick<ApiContext, "process" | "users" | "configState" | "effectiveConfig" | "reload">;

/** What a configuration's history needs. */
export interface ConfigHistoryOptions {
  readonly live: LiveConfig;
  readonly loaded: Loaded;
  /** The configuration's path, "-" for standard input; undefined without one. */
  readonly file: string | undefined;
  readonly wall: () => number;
  readonly log: Log;
  /** Reloads the configuration, and calls `reloaded` at the end. */
  readonly reload: () => Answer;
}

/** Knows which configuration is in effect since when, the users of the API with their passwords, and the cluster's secret. */
export class ConfigHistory implements Follower {
  readonly administration: Administration;
  readonly clusterSecret = new ClusterSecret();
  readonly #live: LiveConfig;
  readonly #wall: () => number;
  readonly #log: Log;
  #loaded: Loaded;
  #state: ConfigState;
  #users: ReadonlyMap<string, ApiUser> = new Map();

  constructor({ live, loaded, file, wall, log, reload }: ConfigHistoryOptions) {
    this.#live = live;
    this.#log = log;
    this.#loaded = loaded;
    this.#wall = wall;
    const { warnings } = loaded;
    const loadedAt = Math.round(wall());
    this.#state = { file: placeOf(file), loadedAt, reloads: 0, refused: undefined, warnings, waiting: [] };
    const argv = [process.execPath, ...process.argv.slice(2)].join(" ");
    this.administration = {
      process: { pid: process.pid, ppid: process.ppid, argv, cwd: process.cwd() },
      users: () => this.#users,
      configState: () => this.#state,
      effectiveConfig: (changesOnly) => {
        const { origin } = this.#loaded;
        return effectiveToml({ config: this.#live.current, origin }, changesOnly);
      },
      reload,
    };
  }

  /** Reads the secrets. */
  prepare(config: Config): Change {
    const secret = this.clusterSecret.prepare(config);
    const users = this.#prepareUsers(config);
    return {
      apply() {
        secret.apply();
        users.apply();
      },
      discard: () => undefined,
    };
  }

  #prepareUsers({ http_api }: Config): Change {
    const users = new Map(
      [...http_api.user].map(([name, user]) => [name, { role: user.role, password: passwordOf(name, user) }]),
    );
    return {
      apply: () => {
        this.#users = users;
      },
      discard: () => undefined,
    };
  }

  #readPasswordsAgain(): void {
    try {
      this.#prepareUsers(this.#live.current).apply();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#log.error("a password can't be read; the users stay as they were", { error: error.message });
    }
  }

  /** A reload has ended; `loaded` is the configuration that it has read, if any. */
  reloaded({ ok, lines }: Answer, loaded: Loaded | undefined): void {
    const at = Math.round(this.#wall());
    if (ok && loaded !== undefined) this.#loaded = loaded;
    // Files may have other secrets although the configuration is the same.
    if (ok) {
      this.#readPasswordsAgain();
      this.clusterSecret.readAgain(this.#live.current, this.#log);
    }
    const { file, reloads } = this.#state;
    const { warnings } = this.#loaded;
    this.#state = ok
      ? { file, loadedAt: at, reloads: reloads + 1, refused: undefined, warnings, waiting: this.#waiting() }
      : { ...this.#state, refused: { at, lines } };
  }

  /** The keys whose new value in the file waits for a restart, and why. */
  #waiting(): ConfigState["waiting"] {
    const { changed } = merge(rootTable, this.#live.current, this.#loaded.config);
    return changed.flatMap(({ path, restart }) => (restart ? [{ key: showPath(path), reason: restart }] : []));
  }
}

function placeOf(file: string | undefined): string {
  if (file === undefined) return "";
  return isStandardInput(file) ? file : resolve(file);
}

/** The user's password. Throws UserError. */
function passwordOf(name: string, { password, password_file }: { password: string; password_file: string }): string {
  const key = `http_api.user.${name}`;
  if (password !== "" && password_file !== "") throw new UserError(`${key}: set password or password_file, not both`);
  if (password !== "") return password;
  if (password_file === "") throw new UserError(`${key}: needs password_file, or password`);
  const text = readTextFile(password_file, MAX_PASSWORD_BYTES).replace(/\r?\n$/, "");
  if (text.length < MIN_PASSWORD)
    throw new UserError(
      `${key}.password_file: the password in ${password_file} must have ${MIN_PASSWORD} characters or more`,
    );
  return text;
}
