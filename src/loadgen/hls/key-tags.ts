import { ProtocolError } from "../../base/errors.ts";
import type { Attributes } from "./attributes.ts";
import type { ListedKey } from "./media-playlist.ts";

/** The EXT-X-KEY tags of a playlist (RFC 8216, 4.3.2.4). Consecutive ones offer the same key in several formats. */
export class KeyTags {
  #key: ListedKey | undefined;
  /** How segments are encrypted, if only by methods that are not supported. */
  #unsupported: string | undefined;
  /** Whether nothing has used the newest tag yet. */
  #fresh = false;

  /** Takes a tag. Throws ProtocolError for a malformed one. */
  tag(key: Attributes): void {
    if (!this.#fresh) this.continueWith(undefined);
    this.#fresh = true;
    const method = key.needed("METHOD");
    if (method === "NONE") {
      this.continueWith(undefined);
      return;
    }
    const format = key.text("KEYFORMAT") ?? "identity";
    if (method === "AES-128" && format === "identity") this.#key ??= { uri: key.needed("URI"), iv: vectorOf(key) };
    else this.#unsupported ??= `${method} (${format})`;
  }

  /** Continues with the key of a segment that a delta update leaves out. */
  continueWith(key: ListedKey | undefined): void {
    this.#key = key;
    this.#unsupported = undefined;
    this.#fresh = false;
  }

  /** The key for what is listed now; undefined if it is in the clear. Throws ProtocolError if it can't be decrypted. */
  inForce(): ListedKey | undefined {
    this.#fresh = false;
    if (this.#key === undefined && this.#unsupported !== undefined)
      throw new ProtocolError(
        `the playlist's segments are encrypted by ${this.#unsupported}, which srs bench does not decrypt`,
      );
    return this.#key;
  }
}

/** The tag's initialization vector in hexadecimal digits. */
function vectorOf(key: Attributes): string | undefined {
  const text = key.text("IV");
  if (text === undefined) return undefined;
  const [, digits] = /^0[xX]([0-9a-fA-F]{1,32})$/.exec(text) ?? [];
  if (digits === undefined) throw new ProtocolError("the playlist's EXT-X-KEY has an IV that is no number of 128 bits");
  return digits.padStart(32, "0");
}
