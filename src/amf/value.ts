/**
 * One value of AMF0 or AMF3. Decoded values form trees that may share branches but never loop.
 * AMF3 vectors are arrays, dictionaries are arrays of `[key, value]`, and the types both formats call unsupported are `undefined`.
 */
export type AmfValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | Date
  | AmfObject
  | AmfXml
  | Uint8Array
  | readonly AmfValue[];

/** XML as the received text, which is not parsed here. */
export class AmfXml {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Named values in the order they came. A key that comes again keeps its place and takes the later value. */
export class AmfObject {
  /** An `ecma-array` differs from an object only on the wire; `onMetaData` is usually one. */
  readonly kind: "object" | "ecma-array";
  /** The name of a typed object's class; ECMA arrays have none. */
  readonly className: string | undefined;
  /** A Map and not a record, so that a key such as `__proto__` is a key like any other. */
  readonly entries: Map<string, AmfValue>;

  /** `entries` belongs to the object from here on. */
  constructor(
    kind: "object" | "ecma-array" = "object",
    className: string | undefined = undefined,
    entries: Map<string, AmfValue> = new Map(),
  ) {
    this.kind = kind;
    this.className = className;
    this.entries = entries;
  }

  /** An anonymous object with the record's own keys, in their order. */
  static of(record: Readonly<Record<string, AmfValue>>): AmfObject {
    return new AmfObject("object", undefined, new Map(Object.entries(record)));
  }

  /** An ECMA array with the record's own keys, in their order. */
  static ecma(record: Readonly<Record<string, AmfValue>>): AmfObject {
    return new AmfObject("ecma-array", undefined, new Map(Object.entries(record)));
  }

  /** The value of a key; `undefined` when the key is absent. */
  get(key: string): AmfValue {
    return this.entries.get(key);
  }

  /** The value if it is a string. */
  string(key: string): string | undefined {
    const value = this.entries.get(key);
    return typeof value === "string" ? value : undefined;
  }

  /** The value if it is a number. */
  number(key: string): number | undefined {
    const value = this.entries.get(key);
    return typeof value === "number" ? value : undefined;
  }

  /** The value if it is an object or ECMA array. */
  object(key: string): AmfObject | undefined {
    const value = this.entries.get(key);
    return value instanceof AmfObject ? value : undefined;
  }
}
