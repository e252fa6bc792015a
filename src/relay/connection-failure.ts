import type { ClientState } from "../rtmp/client-session.ts";

/** How far a connection has come. */
export type ConnectionStage = "dialling" | ClientState;

/** Why a connection failed. */
export interface ConnectionFailure {
  /** `closed`: by the server, or never opened; `silent`: the dialogue took too long; `protocol`: the server broke the protocol. */
  readonly cause: "closed" | "silent" | "protocol";
  /** How far the connection got. */
  readonly stage: ConnectionStage;
  /** Undefined when the server closed without an error. */
  readonly reason: string | undefined;
}

/** A failure for a log line; `peer` names the other side: "the server". */
export function failureText({ cause, stage, reason }: ConnectionFailure, peer: string): string {
  if (cause === "protocol") return `protocol error: ${reason}`;
  if (reason !== undefined) return reason;
  return `${peer} closed the connection${stage === "dialling" || stage === "running" ? "" : ` during ${stage}`}`;
}

/** A server's text for a refusal or an end, for a log line. */
export function statusText(code: string, description: string): string {
  return `${description || "no reason given"} (${code})`;
}
