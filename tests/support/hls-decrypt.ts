/** Decrypts as a player does: METHOD=AES-128 without IV. */
export async function decrypt(bytes: Uint8Array, key: Uint8Array, number: number): Promise<Uint8Array> {
  const iv = new Uint8Array(16);
  new DataView(iv.buffer).setBigUint64(8, BigInt(number));
  const known = await crypto.subtle.importKey("raw", Uint8Array.from(key), "AES-CBC", false, ["decrypt"]);
  return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-CBC", iv }, known, Uint8Array.from(bytes)));
}

/** Something of a media playlist that is encrypted by itself. */
export interface Sealed {
  readonly uri: string;
  /** Of the key, undefined for what is in the clear. */
  readonly key: string | undefined;
  /** Media sequence number, of a part's segment, too. */
  readonly msn: number;
  readonly isPart: boolean;
}

/** The segments and parts of a media playlist with what they are encrypted with, read line by line: a key holds up to the next one. */
export function sealedIn(text: string): Sealed[] {
  const all: Sealed[] = [];
  let key: string | undefined;
  let msn = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
  for (const line of text.split("\n")) {
    const [, method, keyUri] = /^#EXT-X-KEY:METHOD=([\w-]+)(?:,URI="([^"]+)")?$/.exec(line) ?? [];
    const [, part] = /^#EXT-X-PART:.*URI="([^"]+)"/.exec(line) ?? [];
    if (method !== undefined) key = method === "AES-128" ? keyUri : undefined;
    else if (part !== undefined) all.push({ uri: part, key, msn, isPart: true });
    else if (line !== "" && !line.startsWith("#")) all.push({ uri: line, key, msn: msn++, isPart: false });
  }
  return all;
}

/** A segment or part as a player sees it. `get` loads an address of the playlist. */
export async function opened(
  { uri, key, msn }: Sealed,
  get: (uri: string) => Uint8Array | Promise<Uint8Array>,
): Promise<Uint8Array> {
  const bytes = await get(uri);
  return key === undefined ? bytes : decrypt(bytes, await get(key), msn);
}
