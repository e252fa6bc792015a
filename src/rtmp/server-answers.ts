import { AmfObject, type AmfValue } from "../amf/value.ts";
import { HOPS_COMMAND, NODE_PROPERTY, VHOST_PROPERTY } from "./connect.ts";

/** Characters of a server's explanation that logs keep; UTF-16 units. */
const MAX_DESCRIPTION = 200;

/** SRS's code for "elsewhere", in a status's `ex`. */
export const FOUND_ELSEWHERE = 302;

/** The values of a server's `onStatus` or `_error` (RTMP 1.0, 7.2.2); `""` for absent ones. */
export interface Status {
  readonly level: string;
  readonly code: string;
  readonly description: string;
  /** Another URL to connect to, without the stream (SRS's RTMP 302). */
  readonly redirect: string | undefined;
  /** The stream's whole URL at another server, from newer versions of SRS. */
  readonly redirect2: string | undefined;
}

/** Reads the information object of a status; missing values, and those of another type, are empty. */
export function readStatus(value: AmfValue): Status {
  const information = value instanceof AmfObject ? value : undefined;
  const ex = information?.object("ex");
  const elsewhere = ex?.number("code") === FOUND_ELSEWHERE ? ex : undefined;
  return {
    level: information?.string("level") ?? "",
    code: information?.string("code") ?? "",
    description: (information?.string("description") ?? "").slice(0, MAX_DESCRIPTION),
    redirect: elsewhere?.string("redirect"),
    redirect2: elsewhere?.string("redirect2"),
  };
}

/** The whole URL that a status gives for the stream `playPath`; undefined when it names no other server. */
export function redirectOf({ redirect, redirect2 }: Status, playPath: string): string | undefined {
  if (redirect2 !== undefined) return redirect2;
  return redirect === undefined ? undefined : `${redirect.replace(/\/$/, "")}/${playPath}`;
}

/** A server's identity; `""` for absent values. */
export interface ServerIdentity {
  readonly software: string;
  /** The id of its start, by which hop traces know it. */
  readonly node: string;
  /** The server's vhost that serves us. */
  readonly vhost: string;
  /** Whether it understands `HOPS_COMMAND`, and with it epochs and ages. */
  readonly takesHops: boolean;
}

/** Reads the values of a server's answer to connect: properties, then information. */
export function readServerIdentity(args: readonly AmfValue[]): ServerIdentity {
  const properties = args[0] instanceof AmfObject ? args[0] : undefined;
  const data = args[1] instanceof AmfObject ? args[1].object("data") : undefined;
  return {
    software: data?.string("srs_server") ?? properties?.string("fmsVer") ?? "",
    node: data?.string(NODE_PROPERTY) ?? "",
    vhost: data?.string(VHOST_PROPERTY) ?? "",
    takesHops: data?.get(HOPS_COMMAND) === true,
  };
}
