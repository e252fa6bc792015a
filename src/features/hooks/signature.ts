import { createHmac } from "node:crypto";

const PREFIX = "whsec_";
/** A shorter secret can be guessed. */
const MIN_BYTES = 24;

/** Why a secret can't be used, as a message continues after its key; undefined when it can. */
export function secretProblem(secret: string): string | undefined {
  const base64 = secret.slice(PREFIX.length);
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64);
  if (secret.startsWith(PREFIX) && isBase64 && bytesOf(secret).length >= MIN_BYTES) return undefined;
  return `must be ${PREFIX} and at least ${MIN_BYTES} bytes in base64; echo ${PREFIX}$(openssl rand -base64 32) makes one`;
}

/** The headers of a call: its id, its time, and with a secret its signature (Standard Webhooks 1.0.0). */
export function callHeaders(secret: string, id: string, seconds: number, body: Uint8Array): Record<string, string> {
  const headers = { "webhook-id": id, "webhook-timestamp": String(seconds) };
  if (secret === "") return headers;
  const mac = createHmac("sha256", bytesOf(secret)).update(`${id}.${seconds}.`).update(body).digest("base64");
  return { ...headers, "webhook-signature": `v1,${mac}` };
}

function bytesOf(secret: string): Uint8Array {
  return Uint8Array.fromBase64(secret.slice(PREFIX.length));
}
