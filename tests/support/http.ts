import { RequestHeadReader } from "../../src/http/head-reader.ts";
import type { HeadRefusal } from "../../src/http/refusal.ts";
import type { RequestHead } from "../../src/http/request.ts";

/** One character a byte. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What the first request of a connection came to; `consumed` counts its bytes over all pieces. */
export type FirstHead =
  | { readonly kind: "more" }
  | { readonly kind: "head"; readonly head: RequestHead; readonly consumed: number }
  | { readonly kind: "refused"; readonly refusal: HeadRefusal };

export function readFirst(pieces: Iterable<Uint8Array>, reader = new RequestHeadReader(false)): FirstHead {
  let before = 0;
  for (const piece of pieces) {
    const result = reader.push(piece);
    if (result.kind === "head") return { kind: "head", head: result.head, consumed: before + result.end };
    if (result.kind === "refused") return result;
    before += piece.length;
  }
  return { kind: "more" };
}

/** As vectors write it: `METHOD path?query host`, a status, or "more". */
export function headLine(first: FirstHead): string | number {
  if (first.kind === "more") return "more";
  if (first.kind === "refused") return first.refusal.status;
  const { method, path, query, host, keepAlive, webSocket } = first.head;
  const words = `${method} ${path}${query === "" ? "" : `?${query}`} ${host}`;
  return `${words}${webSocket ? " websocket" : ""}${keepAlive ? "" : " close"}`;
}
