import { renameSync } from "node:fs";
import type { Stage } from "./stage.ts";

/** A CA of the test's own, by the openssl command line. */
export class Authority {
  readonly #stage: Stage;
  #issued = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    const subject = ["-subj", "/CN=CA of the test", "-addext", "basicConstraints=critical,CA:true"];
    this.#openssl(
      "req",
      "-x509",
      ...newKey(stage.path("ca.key"), elliptic),
      ...subject,
      "-days",
      "2",
      "-out",
      this.path,
    );
  }

  /** The CA's certificate. */
  get path(): string {
    return this.#stage.path("ca.crt");
  }

  /** Writes `NAME.crt` and `NAME.key` for these names (`DNS:localhost,IP:127.0.0.1`), over what is there; `subject` is shown to clients. */
  issue(name: string, subject: string, names?: string): { cert: string; key: string } {
    return this.#issue(name, subject, names, elliptic);
  }

  /** The same with an RSA key. */
  issueRsa(name: string, subject: string): { cert: string; key: string } {
    return this.#issue(name, subject, undefined, ["rsa:2048"]);
  }

  #issue(name: string, subject: string, names = "DNS:localhost,IP:127.0.0.1", key: readonly string[]) {
    const stage = this.#stage;
    const number = ++this.#issued;
    const at = (end: string) => stage.path(`issued-${number}.${end}`);
    this.#openssl("req", ...newKey(at("key"), key), "-subj", `/CN=${subject}`, "-out", at("csr"));
    const extensions = stage.write(`issued-${number}.ext`, `subjectAltName=${names}`);
    const by = ["-CA", this.path, "-CAkey", stage.path("ca.key"), "-set_serial", String(number)];
    this.#openssl("x509", "-req", "-in", at("csr"), ...by, "-days", "1", "-extfile", extensions, "-out", at("crt"));
    const pair = { cert: stage.path(`${name}.crt`), key: stage.path(`${name}.key`) };
    // As certbot does: at no time is a file half written.
    renameSync(at("key"), pair.key);
    renameSync(at("crt"), pair.cert);
    return pair;
  }

  #openssl(...args: readonly string[]): void {
    const run = Bun.spawnSync(["openssl", ...args], { cwd: this.#stage.directory });
    if (run.exitCode !== 0) throw new Error(`openssl ${args.join(" ")}:\n${run.stderr}`);
  }
}

const elliptic = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

function newKey(path: string, kind: readonly string[]): string[] {
  return ["-newkey", ...kind, "-nodes", "-keyout", path];
}
