/** What a proof needs. */
export interface ProofContext {
  /** How long a proof that can be shortened watches, s. */
  readonly seconds: number;
  /** How long the proof that runs beside the others watches, minutes. */
  readonly minutes: number;
  /** The first and the last seed of proofs that try many; with Infinity as the last one, they try as many as `minutes` allows. */
  readonly from: number;
  readonly to: number;
  /** How many processes such proofs run at a time; undefined: one for each processor. */
  readonly processes: number | undefined;
  /** The folder for screenshots, which people look at afterwards. It exists. */
  readonly folder: string;
}

/** One line of a proof's result. */
export interface Finding {
  /** What was watched. */
  readonly what: string;
  readonly ok: boolean;
  /** What was seen, in figures. */
  readonly seen: string;
}

/** A check of the executable that takes too long to be a test. */
export interface Proof {
  readonly name: string;
  /** Whether it runs beside the others, for `minutes`. */
  readonly beside?: boolean;
  run(context: ProofContext): Promise<readonly Finding[]>;
}
