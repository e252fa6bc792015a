import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CertificateFiles } from "../../src/io/tls/certificates.ts";
import type { CertificateVector } from "../vectors/certificates.ts";

/** A folder for certificates; gone with `remove`. */
export class CertificateFolder {
  readonly path = mkdtempSync(join(tmpdir(), "srs-tls-"));

  /** Writes a file; its path. */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  /** Writes each certificate and its key under a name of its own. */
  files(...vectors: readonly CertificateVector[]): CertificateFiles {
    return {
      cert: vectors.map(({ cert }, index) => this.write(`${index}.crt`, cert)),
      key: vectors.map(({ key }, index) => this.write(`${index}.key`, key)),
    };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
