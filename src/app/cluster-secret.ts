import type { Change } from "../base/change.ts";
import { UserError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { secretProblem } from "../features/cluster/config.ts";
import { readTextFile } from "../io/files/text-file.ts";
import type { Config } from "./config/index.ts";

/** Maximum size of a secret's file: a larger file is a wrong one. */
const MAX_SECRET_BYTES = 4096;

/** The cluster's secret, from the configuration or from a file. */
export class ClusterSecret {
  /** "" without one. */
  secret = "";

  /** After a reload: the file may have another secret although the configuration is the same. */
  readAgain(config: Pick<Config, "cluster">, log: Log): void {
    try {
      this.prepare(config).apply();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      log.error("the cluster's secret can't be read; it stays as it was", { error: error.message });
    }
  }

  /** Reads the file. Throws UserError. */
  prepare({ cluster }: Pick<Config, "cluster">): Change {
    const secret = cluster.secret_file === "" ? cluster.secret : readSecret(cluster.secret_file);
    return {
      apply: () => {
        this.secret = secret;
      },
      discard: () => undefined,
    };
  }
}

function readSecret(path: string): string {
  const secret = readTextFile(path, MAX_SECRET_BYTES).trim();
  const problem = secretProblem(secret);
  if (problem !== undefined) throw new UserError(`cluster.secret_file: the secret in ${path} ${problem}`);
  return secret;
}
