import { AmfObject, type AmfValue } from "../amf/value.ts";
import { resolve, streamKey } from "./address.ts";
import { stringAt } from "./command-arguments.ts";

/** A client's values in `connect` (RTMP 1.0, 7.2.1.1; enhanced RTMP v2, "Enhancing NetConnection connect Command"). */
export interface ConnectRequest {
  /** `""` when the client sent none. */
  readonly tcUrl: string;
  readonly app: string;
  readonly flashVer: string;
  readonly pageUrl: string;
  readonly swfUrl: string;
  /** 0 (AMF0) or 3 (AMF3). */
  readonly objectEncoding: number;
  /** Whether the client knows enhanced RTMP: any of `fourCcList`, `videoFourCcInfoMap`, `audioFourCcInfoMap`, `capsEx`. */
  readonly enhanced: boolean;
  /** Ids of the servers that a relayed stream has passed, from the optional arguments. */
  readonly hops: readonly string[];
  /** Whether a server asks for one of its own clients, and not for itself, from the optional arguments. */
  readonly forClient: boolean;
  /** Whether the client follows redirects to other servers (`NetStream.redirect`), from the optional arguments. */
  readonly follows: boolean;
}

/** The optional argument that carries the ids of the servers a relayed stream has passed, comma-separated. */
export const HOPS_ARGUMENT = "srs_hops";
/**
 * The optional argument, true, of a server that asks for one of its clients. The server's own rights then don't apply, so
 * claiming it gains nothing.
 */
export const FOR_CLIENT_ARGUMENT = "srs_for_client";
/** The optional argument, true, of a client that follows redirects of its publish or play (`NetStream.redirect`). */
export const FOLLOWS_ARGUMENT = "srs_follows";
/**
 * The command by which one server reports to another which servers a stream has passed, with the ids in one text: a publishing
 * relay sends it after a change, a server sends it to a playing relay. A server that understands it has a property of this name
 * in its answer to connect, a relay has an argument of this name.
 */
export const HOPS_COMMAND = "srs_hops";
/**
 * The command by which one server sends another the epoch of a stream, before the packets that it concerns: its text, true
 * when packets before these are lost, the text of the stream's ladder, "" if it belongs to none, and that of its encoder's tracks. The
 * last ones are left out where they are "". Only peers that understand `HOPS_COMMAND` get it; others ignore it.
 */
export const EPOCH_COMMAND = "srs_epoch";
/** The arguments of an `EPOCH_COMMAND`; "" for one that the stream lacks, or that its server does not know. */
export type EpochCommandArguments = readonly [text: string, lost: boolean, ladder: string, tracks: string];
/**
 * The command by which one server sends another the age of a stream's packets, ms, or null when it is unknown. A publishing relay
 * sends their age on arrival, a server sends a playing relay their age on leaving, as the connection's client measures the way.
 * Only peers that understand `HOPS_COMMAND` get it; others ignore it.
 */
export const AGE_COMMAND = "srs_age";
/** Maximum accepted age of a packet, ms. */
const MAX_AGE_MS = 24 * 3600 * 1000;
/** The property with a server's name in hop traces. */
export const NODE_PROPERTY = "srs_node";
/** The property with the name of the vhost that serves the client; not the requested one if the server has no vhost of that name. */
export const VHOST_PROPERTY = "srs_vhost";
/** More hops than any real cluster has. Of a longer trace, which counts as a loop, one more is read. */
export const MAX_HOPS = 32;

const ENHANCED_FIELDS = ["fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"];

/** Enhanced RTMP v2 `capsEx`: multitrack, ModEx, nanosecond offset. Not reconnect: this server never requests one. */
const CAPS_EX = 0x02 | 0x04 | 0x08;
/** Enhanced RTMP v2 `FourCcInfoMask.CanForward`. */
const CAN_FORWARD = 4;

/** Reads `connect`'s command object and optional arguments; missing values, and those of another type, are empty. */
export function readConnect(args: readonly AmfValue[]): ConnectRequest {
  const object = args[0] instanceof AmfObject ? args[0] : AmfObject.of({});
  const extra = args[1] instanceof AmfObject ? args[1] : undefined;
  return {
    tcUrl: object.string("tcUrl") ?? "",
    app: object.string("app") ?? "",
    flashVer: object.string("flashVer") ?? "",
    pageUrl: object.string("pageUrl") ?? "",
    swfUrl: object.string("swfUrl") ?? "",
    objectEncoding: object.number("objectEncoding") === 3 ? 3 : 0,
    enhanced: ENHANCED_FIELDS.some((field) => object.get(field) !== undefined),
    hops: readHops(extra?.string(HOPS_ARGUMENT)),
    forClient: extra?.get(FOR_CLIENT_ARGUMENT) === true,
    follows: extra?.get(FOLLOWS_ARGUMENT) === true,
  };
}

/** The age in an `AGE_COMMAND`, ms; undefined for any other value. */
export function readAge(value: AmfValue): number | undefined {
  return typeof value === "number" && value >= 0 && value <= MAX_AGE_MS ? value : undefined;
}

/** Server ids as on the wire; none for any other value. */
export function readHops(value: AmfValue): readonly string[] {
  return typeof value === "string" && value !== "" ? value.split(",", MAX_HOPS + 1) : [];
}

/**
 * This server's codec capabilities, as both roles announce them: it forwards every codec, it decodes and encodes none
 * (enhanced RTMP v2, "fourCcList", "videoFourCcInfoMap", "capsEx").
 */
export function enhancedCapabilities(): Record<string, AmfValue> {
  return {
    fourCcList: ["*"],
    videoFourCcInfoMap: AmfObject.of({ "*": CAN_FORWARD }),
    audioFourCcInfoMap: AmfObject.of({ "*": CAN_FORWARD }),
    capsEx: CAPS_EX,
  };
}

/** The answer to an accepted client: properties and information, with `identity` and the client's vhost among them. */
export function connectAnswer(
  { enhanced, objectEncoding }: ConnectRequest,
  identity: Readonly<Record<string, AmfValue>>,
  vhost: string | undefined,
): [properties: AmfObject, information: AmfObject] {
  const served = vhost === undefined ? {} : { [VHOST_PROPERTY]: vhost };
  const properties = { fmsVer: "FMS/3,5,3,888", capabilities: 127, mode: 1 };
  const information = {
    level: "status",
    code: "NetConnection.Connect.Success",
    description: "Connection succeeded",
    objectEncoding,
    data: AmfObject.ecma({ version: "3,5,3,888", ...identity, ...served, [HOPS_COMMAND]: true }),
  };
  return [
    AmfObject.of(enhanced ? { ...properties, ...enhancedCapabilities() } : properties),
    AmfObject.of(information),
  ];
}

/** Whether two names mean one stream, for a client that has connected with `request`. Parameters are ignored. */
export function meansSame(request: ConnectRequest | undefined, one: string, other: string): boolean {
  if (one === other) return true;
  const [a, b] = [one, other].map((name) => resolve(request?.tcUrl, request?.app, name));
  return a?.ok === true && b?.ok === true && streamKey(a.address) === streamKey(b.address);
}

/** The values of an `EPOCH_COMMAND`. */
export function epochCommand(...[text, lost, ladder, tracks]: EpochCommandArguments): readonly AmfValue[] {
  const known = tracks !== "" ? [ladder, tracks] : ladder !== "" ? [ladder] : [];
  return [EPOCH_COMMAND, 0, null, text, lost, ...known];
}

/** Reads an `EPOCH_COMMAND`; "" for values that are no text. */
export function readEpochCommand(args: readonly AmfValue[]): EpochCommandArguments {
  return [stringAt(args, 1), args[2] === true, stringAt(args, 3), stringAt(args, 4)];
}
