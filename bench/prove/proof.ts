/** What a proof is run with. */
export interface ProofContext {
  /** How long a proof that can be shortened watches, s. */
  readonly seconds: number;
  /** How long the proof that runs beside the others watches, minutes. */
  readonly minutes: number;
  /** The first and the last seed of what is tried with many; without a last one (Infinity), as many are as there are minutes for. */
  readonly from: number;
  readonly to: number;
  /** For what people look at afterwards: screenshots. It exists. */
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

/** Something that must be true of the executable, and takes too long to be a test. */
export interface Proof {
  readonly name: string;
  /** It runs while the others do, as long as `minutes` says. */
  readonly beside?: boolean;
  run(context: ProofContext): Promise<readonly Finding[]>;
}
