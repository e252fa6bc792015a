import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { UserError } from "../../../../src/base/errors.ts";
import { Certificates } from "../../../../src/io/tls/certificates.ts";
import { CertificateFolder } from "../../../support/certificate-files.ts";
import { type CertificateVector, ca, expired, local, other } from "../../../vectors/certificates.ts";

let folder: CertificateFolder;

beforeEach(() => {
  folder = new CertificateFolder();
});
afterEach(() => folder.remove());

function loaded(...vectors: readonly CertificateVector[]): Certificates {
  const certificates = new Certificates();
  certificates.prepare(folder.files(...vectors)).apply();
  return certificates;
}

describe("A client gets the certificate", () => {
  test("for the host that it names, by the certificate's names, or the first", () => {
    const certificates = loaded(local, other);
    const first = certificates.select(undefined);
    const second = certificates.select("other.test");
    expect([first === undefined, second === undefined, first === second]).toEqual([false, false, false]);
    expect(certificates.select("localhost")).toBe(first);
    expect(certificates.select("nobody.test")).toBe(first);
    expect(certificates.select("deep.wild.test")).toBe(second);
    expect(certificates.select("too.deep.wild.test")).toBe(first);
  });

  test("of a renewed file once that is reloaded, and the old one while the new one is invalid", () => {
    const certificates = loaded(local);
    const before = certificates.select(undefined);
    expect(certificates.outdated).toBe(false);
    folder.write("0.crt", other.cert);
    expect(certificates.outdated).toBe(true);
    expect(() => certificates.renew()).toThrow(/0\.key \(rtmps\.key\) is not the key of the certificate in .*0\.crt/);
    expect([certificates.select(undefined) === before, certificates.outdated]).toEqual([true, false]);
    folder.write("0.key", other.key);
    expect(certificates.outdated).toBe(true);
    certificates.renew();
    expect([certificates.select(undefined) === before, certificates.outdated]).toEqual([false, false]);
  });

  test("whose key stands in its own file", () => {
    const certificates = new Certificates();
    const cert = [folder.write("both.pem", `${local.key}${local.cert}${ca.cert}`)];
    certificates.prepare({ cert, key: [] }).apply();
    expect(certificates.select(undefined)).toBeDefined();
  });

  test("only if one is configured", () => {
    expect(new Certificates().select("localhost")).toBeUndefined();
  });
});

describe("A mistake with certificates is reported in one line", () => {
  const encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGj\n-----END ENCRYPTED PRIVATE KEY-----\n";
  test.each<[string, readonly string[], readonly string[], RegExp]>([
    ["no such file", ["none.crt"], ["none.key"], /^cannot read .*none\.crt: no such file \(rtmps\.cert\)$/],
    ["no such key", ["local.crt"], ["none.key"], /^cannot read .*none\.key: no such file \(rtmps\.key\)$/],
    [
      "a key for a certificate",
      ["local.key"],
      ["local.key"],
      /local\.key \(rtmps\.cert\) has no certificate in PEM form/,
    ],
    ["a certificate for a key", ["local.crt"], ["text.pem"], /text\.pem \(rtmps\.key\) has no private key in PEM form/],
    ["no key at all", ["local.crt"], [], /local\.crt \(rtmps\.cert, as rtmps\.key is not set\) has no private key/],
    [
      "another's key",
      ["local.crt"],
      ["other.key"],
      /other\.key \(rtmps\.key\) is not the key of the certificate in .*local\.crt/,
    ],
    ["an encrypted key", ["local.crt"], ["encrypted.key"], /encrypted\.key \(rtmps\.key\)/],
  ])("%s", (_, cert, key, message) => {
    folder.write("local.crt", local.cert);
    folder.write("local.key", local.key);
    folder.write("other.crt", other.cert);
    folder.write("other.key", other.key);
    folder.write("text.pem", "hello");
    folder.write("encrypted.key", encrypted);
    const paths = (names: readonly string[]) => names.map((name) => `${folder.path}/${name}`);
    let error: unknown;
    try {
      new Certificates().prepare({ cert: paths(cert), key: paths(key) });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(message);
    expect((error as UserError).message).not.toContain("\n");
  });

  test("and each of several in a line of its own", () => {
    const files = { cert: ["/none/a", "/none/b"], key: ["/none/c", "/none/d"] };
    expect(() => new Certificates().prepare(files)).toThrow(
      new UserError("cannot read /none/a: no such file (rtmps.cert)\ncannot read /none/b: no such file (rtmps.cert)"),
    );
  });

  test("an expired or soon expiring certificate is used with a warning", () => {
    const at = (date: string) => loaded(expired).warnings(Date.parse(date));
    expect(at("2020-01-20T00:00:00Z")).toEqual([]);
    expect(at("2020-01-30T12:00:00Z")).toEqual([expect.stringMatching(/expires on 2020-02-01, in 1 days; renew it$/)]);
    expect(at("2021-01-01T00:00:00Z")).toEqual([
      expect.stringMatching(/0\.crt: the certificate has expired on 2020-02-01; clients refuse it: renew it$/),
    ]);
  });
});
