import { ProtocolError } from "../base/errors.ts";
import type { Budget } from "./budget.ts";

/** The shape of an AMF3 object, sent once and then referred to (AMF3 3.12). */
export interface Traits {
  /** Empty for an anonymous object. */
  readonly className: string;
  /** The class writes its own format. */
  readonly externalizable: boolean;
  /** Named members may follow the sealed ones. */
  readonly dynamic: boolean;
  /** Names of the sealed members. */
  readonly names: readonly string[];
  /** Bytes of the class name and the names on the wire; references in them count in full. */
  readonly bytes: number;
}

/** The traits of one body, by the order in which they came. */
export class TraitsTable {
  private readonly all: Traits[] = [];
  private readonly budget: Budget;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  /** Appends and returns `traits`. */
  add(traits: Traits): Traits {
    this.all.push(traits);
    return traits;
  }

  /** The traits a reference stands for; their names are charged as if they had been sent again. */
  get(index: number): Traits {
    const traits = this.all[index];
    if (traits === undefined) {
      throw new ProtocolError(`AMF3 traits reference ${index} points nowhere: ${this.all.length} traits so far`);
    }
    this.budget.refer(traits.bytes);
    return traits;
  }
}
