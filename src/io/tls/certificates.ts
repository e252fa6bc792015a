import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Change } from "../../base/change.ts";
import { messageOf, UserError } from "../../base/errors.ts";
import { stampOf } from "../files/file-stamp.ts";
import { readTextFile } from "../files/text-file.ts";
import { tlsVersions } from "./tls-versions.ts";

/** PEM files of certificates, each with its chain, and of their keys in the same order. */
export interface CertificateFiles {
  readonly cert: readonly string[];
  /** Empty: each key is in its certificate's file. */
  readonly key: readonly string[];
}

/** A certificate in the runtime's form, which has no type of its own. */
export type SecureContext = object;

interface Certificate {
  readonly x509: X509Certificate;
  readonly context: SecureContext;
  readonly path: string;
}

const MAX_FILE_BYTES = 1024 * 1024;
const DAY_MS = 86_400_000;
/**
 * A certificate this close to its end, or in the last quarter of a shorter life, gets a warning: a renewal would have happened
 * long before.
 */
const NEAR_END_DAYS = 7;

/**
 * The server's certificates. One is chosen for each handshake: renewed certificates are for the next handshakes, and open
 * connections stay.
 */
export class Certificates {
  readonly #table: string;
  #files: CertificateFiles = { cert: [], key: [] };
  #certificates: readonly Certificate[] = [];
  #stamp = "";

  /** `table` is the part of the configuration that names the files, for messages. */
  constructor(table = "rtmps") {
    this.#table = table;
  }

  /** Reads the files. Throws UserError with a line for each mistake. */
  prepare(files: CertificateFiles): Change {
    const stamp = stampOf(pathsOf(files));
    const certificates = loadAll(files, this.#table);
    const apply = () => {
      this.#files = files;
      this.#certificates = certificates;
      this.#stamp = stamp;
    };
    return { apply, discard: () => undefined };
  }

  /** Whether a file differs from the one that was read, as after a renewal. */
  get outdated(): boolean {
    return stampOf(pathsOf(this.#files)) !== this.#stamp;
  }

  /** Reads the same files again. Throws as `prepare` does; then nothing changes, and `outdated` is false until the next change. */
  renew(): void {
    try {
      this.prepare(this.#files).apply();
    } catch (error) {
      this.#stamp = stampOf(pathsOf(this.#files));
      throw error;
    }
  }

  /** The certificate for a host, by its names; the first one if none matches or the client names no host. */
  select(serverName: string | undefined): SecureContext | undefined {
    const [first] = this.#certificates;
    if (serverName === undefined || this.#certificates.length < 2) return first?.context;
    return (this.#certificates.find(({ x509 }) => x509.checkHost(serverName) !== undefined) ?? first)?.context;
  }

  /** Warnings about certificates that have expired or soon will; one line each. `now`: ms since 1970. */
  warnings(now: number): string[] {
    return this.#certificates.flatMap(({ x509, path }) => {
      const end = Date.parse(x509.validTo);
      const days = Math.floor((end - now) / DAY_MS);
      if (end - now >= Math.min(NEAR_END_DAYS * DAY_MS, (end - Date.parse(x509.validFrom)) / 4)) return [];
      const when = new Date(end).toISOString().slice(0, 10);
      if (end <= now) return [`${path}: the certificate has expired on ${when}; clients refuse it: renew it`];
      return [`${path}: the certificate expires on ${when}, in ${days} days; renew it`];
    });
  }
}

function loadAll({ cert, key }: CertificateFiles, table: string): Certificate[] {
  const errors: string[] = [];
  const certificates = cert.flatMap((path, index) => {
    try {
      return [load(path, key[index] ?? path, table)];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      errors.push(error.message);
      return [];
    }
  });
  if (errors.length > 0) throw new UserError(errors.join("\n"));
  return certificates;
}

function load(certPath: string, keyPath: string, table: string): Certificate {
  const cert = read(`${table}.cert`, certPath);
  const key = keyPath === certPath ? cert : read(`${table}.key`, keyPath);
  const x509 = readCertificate(certPath, cert, table);
  const privateKey = readKey(keyPath, key, keyPath === certPath, table);
  if (!x509.checkPrivateKey(privateKey)) {
    throw new UserError(
      `${keyPath} (${table}.key) is not the key of the certificate in ${certPath}; are they of one renewal?`,
    );
  }
  try {
    const { context } = createSecureContext({ cert, key, ...tlsVersions });
    return { x509, path: certPath, context: context as SecureContext };
  } catch (error) {
    throw new UserError(`${certPath} (${table}.cert) can't be used: ${messageOf(error)}`, { cause: error });
  }
}

function read(key: string, path: string): string {
  try {
    return readTextFile(path, MAX_FILE_BYTES);
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${error.message} (${key})`, { cause: error }) : error;
  }
}

function readCertificate(path: string, text: string, table: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new UserError(`${path} (${table}.cert) has no certificate in PEM form ("-----BEGIN CERTIFICATE-----")`, {
      cause: error,
    });
  }
}

function readKey(path: string, text: string, shared: boolean, table: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MISSING_PASSPHRASE") {
      throw new UserError(
        `the key in ${path} (${table}.key) is encrypted; write it unencrypted, readable by the server alone`,
        {
          cause: error,
        },
      );
    }
    throw new UserError(
      `${path} (${shared ? `${table}.cert, as ${table}.key is not set` : `${table}.key`}) has no private key in PEM form ("-----BEGIN PRIVATE KEY-----")`,
      {
        cause: error,
      },
    );
  }
}

function pathsOf({ cert, key }: CertificateFiles): string[] {
  return [...cert, ...key];
}
