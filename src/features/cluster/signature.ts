import { createHmac, timingSafeEqual } from "node:crypto";

/** The version of the cluster's protocol: nodes with different versions don't understand each other. */
export const PROTOCOL = 1;

/** The contents of a question's Authorization header. */
export interface Credentials {
  readonly version: number;
  /** The asker's nonce, 32 hexadecimal digits: the answer is signed with it. */
  readonly nonce: string;
  /** The asked node's challenge, from an earlier answer; "" before the first. */
  readonly challenge: string;
  readonly mac: string;
}

const HEADER = /^srs-cluster v=(\d{1,4}),nonce=([0-9a-f]{32}),challenge=([0-9a-f]{0,64}),mac=([0-9a-f]{64})$/;

/** The signature of a question: HMAC-SHA-256 over method, target, the asker's nonce and the asked node's challenge. */
export function questionMac(secret: string, target: string, nonce: string, challenge: string): string {
  return macOf(secret, ["question", "GET", target, nonce, challenge]);
}

/** The signature of an answer to the question with this nonce. */
export function answerMac(secret: string, nonce: string, body: string): string {
  return macOf(secret, ["answer", nonce, body]);
}

/** The Authorization header of a question. */
export function formatCredentials({ version, nonce, challenge, mac }: Credentials): string {
  return `srs-cluster v=${version},nonce=${nonce},challenge=${challenge},mac=${mac}`;
}

/** Reads the Authorization header; undefined if it is not a question's. */
export function parseCredentials(header: string): Credentials | undefined {
  const [, version, nonce = "", challenge = "", mac = ""] = HEADER.exec(header) ?? [];
  return version === undefined ? undefined : { version: Number(version), nonce, challenge, mac };
}

/** Compares two signatures in a time that does not depend on where they differ. */
export function isSameMac(one: string, other: string): boolean {
  const [a, b] = [new TextEncoder().encode(one), new TextEncoder().encode(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function macOf(secret: string, parts: readonly string[]): string {
  return createHmac("sha256", secret)
    .update([`srs cluster ${PROTOCOL}`, ...parts].join("\n"))
    .digest("hex");
}
