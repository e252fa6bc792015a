/** What an operator can do with a relay. */
export type RelayAction = "retry" | "pause" | "resume";

/** A target to forward streams to, in addition to the configuration's; undefined parts stand for all. */
export interface TargetRequest {
  /** As in the configuration. */
  readonly target: string;
  readonly vhost: string | undefined;
  readonly app: string | undefined;
  readonly stream: string | undefined;
  /** Whether the target is kept for the next start. */
  readonly keep: boolean;
}

/** A target that was added while the server runs. */
export interface AddedTarget extends TargetRequest {
  readonly id: string;
}

/** A feature's commands for operators of a running server. Methods that can't do what they are asked throw UserError. */
export interface FeatureCommands {
  /** False when the feature has no relay of that id. */
  relay(id: string, action: RelayAction): boolean;
  readonly targets?: {
    /** Targets without their secrets. */
    list(): readonly AddedTarget[];
    /** A target to keep is in its file when the promise resolves. */
    add(request: TargetRequest): Promise<AddedTarget>;
    /** False when there is none of that id. */
    remove(id: string): Promise<boolean>;
  };
}
