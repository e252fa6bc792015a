import { X509Certificate } from "node:crypto";
import { checkServerIdentity, createSecureContext, getCACertificates } from "node:tls";
import type { Change } from "../../base/change.ts";
import { messageOf, UserError } from "../../base/errors.ts";
import { stampOf } from "../files/file-stamp.ts";
import { readTextFile } from "../files/text-file.ts";
import { tlsVersions } from "./tls-versions.ts";

/** Servers to trust in addition to those certified by the system's CAs. */
export interface TrustOptions {
  /** Files of certificates in PEM form: of CAs, or of servers themselves. */
  readonly ca: readonly string[];
  /** SHA-256 fingerprints, 64 hexadecimal digits in lower case, of certificates that are trusted as they are. */
  readonly pin: readonly string[];
}

/** A server's certificate in the runtime's form. */
interface PeerCertificate {
  readonly fingerprint256?: string;
  readonly subjectaltname?: string;
  readonly valid_from?: string;
  readonly valid_to?: string;
  readonly issuer?: { readonly CN?: string | string[]; readonly O?: string | string[] };
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Decides whether a dialled TLS server is the intended one. */
export class Trust {
  #options: TrustOptions = { ca: [], pin: [] };
  #own: readonly string[] = [];
  #stamp = "";
  #context: object | undefined;
  readonly #anybody: boolean;

  /** `anybody`: checks no certificate; for load tests. */
  constructor(anybody = false) {
    this.#anybody = anybody;
  }

  /** Reads the files. Throws UserError with a line for each mistake. Open connections stay. */
  prepare(options: TrustOptions): Change {
    const stamp = stampOf(options.ca);
    const errors: string[] = [];
    const own = options.ca.flatMap((path) => {
      try {
        return [readAuthority(path)];
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        errors.push(error.message);
        return [];
      }
    });
    if (errors.length > 0) throw new UserError(errors.join("\n"));
    const apply = () => {
      this.#options = options;
      this.#own = own;
      this.#stamp = stamp;
      this.#context = undefined;
    };
    return { apply, discard: () => undefined };
  }

  /** Whether a file differs from the one that was read. */
  get outdated(): boolean {
    return stampOf(this.#options.ca) !== this.#stamp;
  }

  /** Reads the same files again. Throws as `prepare` does; then nothing changes, and `outdated` is false until the next change. */
  renew(): void {
    try {
      this.prepare(this.#options).apply();
    } catch (error) {
      this.#stamp = stampOf(this.#options.ca);
      throw error;
    }
  }

  /** Nothing: an expired CA is reported when a server's certificate is refused for it. */
  warnings(): readonly string[] {
    return [];
  }

  /** Certificates of all CAs that are trusted, in PEM form, for a client that has a store of its own; undefined when nothing is checked. */
  get authorities(): readonly string[] | undefined {
    return this.#anybody ? undefined : authoritiesWith(this.#own);
  }

  /** The runtime's verification store. Created at the first use, as it takes some 50 ms. */
  get context(): object {
    this.#context ??= makeContext(this.#own);
    return this.#context;
  }

  /** Why this is not the intended host; undefined if it is. `error`: the runtime's verdict on the chain. */
  problem(host: string, certificate: PeerCertificate, error: Error | null): string | undefined {
    if (this.#anybody) return undefined;
    const fingerprint = certificate.fingerprint256 ?? "";
    if (fingerprint === "") return "the server has shown no certificate";
    if (this.#options.pin.includes(fingerprint.replaceAll(":", "").toLowerCase())) return undefined;
    const code = error !== null && "code" in error ? String(error.code) : "";
    if (error !== null && code !== "ERR_TLS_CERT_ALTNAME_INVALID") return chainProblem(code, certificate, error);
    // The runtime checks names in its own way; this check handles IP addresses, too.
    if (checkServerIdentity(host, certificate as Parameters<typeof checkServerIdentity>[1]) === undefined)
      return undefined;
    const names = certificate.subjectaltname ?? "no host at all";
    return `the server's certificate is for ${names}, not for ${host}; write the target with one of its names`;
  }
}

function chainProblem(code: string, certificate: PeerCertificate, error: Error): string {
  const pin = `rtmps.pin = "sha256:${(certificate.fingerprint256 ?? "").replaceAll(":", "").toLowerCase()}"`;
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return `the server's certificate has expired on ${certificate.valid_to}; it has to be renewed there`;
    case "CERT_NOT_YET_VALID":
      return `the server's certificate is valid from ${certificate.valid_from} only; is this machine's clock right?`;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return `the server's certificate is self-signed; if it is the right one, trust it by ${pin}`;
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE": {
      const { CN, O } = certificate.issuer ?? {};
      const issuer = [CN ?? O ?? "nobody known"].flat().join(", ");
      return `the server's certificate is signed by "${issuer}", which this machine does not trust; name that CA's certificate in rtmps.ca, or trust this one by ${pin}`;
    }
    default:
      return `the server's certificate is refused: ${error.message || code || "the runtime does not say why"}`;
  }
}

function readAuthority(path: string): string {
  let text: string;
  try {
    text = readTextFile(path, MAX_FILE_BYTES);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${error.message} (rtmps.ca)`, { cause: error }) : error;
  }
  try {
    new X509Certificate(text);
    createSecureContext({ ca: text });
    return text;
  } catch (error) {
    throw new UserError(`${path} (rtmps.ca) has no certificate in PEM form ("-----BEGIN CERTIFICATE-----")`, {
      cause: error,
    });
  }
}

/** The system's CAs, or the runtime's own list on a machine without any. */
function authoritiesWith(own: readonly string[]): readonly string[] {
  const system = systemAuthorities();
  return [...(system.length > 0 ? system : getCACertificates("bundled")), ...own];
}

function makeContext(own: readonly string[]): object {
  return createSecureContext({ ca: [...authoritiesWith(own)], ...tlsVersions }).context as object;
}

function systemAuthorities(): readonly string[] {
  try {
    return getCACertificates("system");
  } catch (error) {
    throw new Error(`the system's CA certificates can't be read: ${messageOf(error)}`, { cause: error });
  }
}
