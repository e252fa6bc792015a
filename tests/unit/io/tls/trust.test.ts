import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { UserError } from "../../../../src/base/errors.ts";
import { Trust } from "../../../../src/io/tls/trust.ts";
import { End, TcpStage } from "../../../support/tcp-ends.ts";
import { type CertificateVector, ca, expired, local, other, selfSigned } from "../../../vectors/certificates.ts";

let stage: TcpStage;

beforeEach(() => {
  stage = new TcpStage(true);
});
afterEach(() => stage.end());

/** What becomes of a dial to a server that shows this certificate. */
async function dialled(certificate: CertificateVector, host: string, believed: { ca?: boolean; pin?: string } = {}) {
  stage.certificates.prepare(stage.folder.files(certificate)).apply();
  const authority = stage.folder.write("authority.crt", ca.cert);
  const pin = believed.pin === undefined ? [] : [believed.pin];
  stage.trust.prepare({ ca: believed.ca ? [authority] : [], pin }).apply();
  const server = new End();
  const client = new End();
  stage.dial(
    stage.listen(() => server),
    client,
    host,
  );
  const result = await Promise.race([client.opened.promise.then(() => "believed"), client.closed.promise]);
  if (result === "believed") (await client.opened.promise).abort();
  return result;
}

const fingerprint = (certificate: CertificateVector) =>
  new X509Certificate(certificate.cert).fingerprint256.replaceAll(":", "").toLowerCase();

describe("A server is trusted", () => {
  test("whose certificate a known CA has signed, by its name or its address", async () => {
    expect(await dialled(local, "localhost", { ca: true })).toBe("believed");
    expect(await dialled(local, "127.0.0.1", { ca: true })).toBe("believed");
  });

  test("whose certificate is pinned, whatever else is wrong with it", async () => {
    for (const certificate of [selfSigned, expired, other])
      expect(await dialled(certificate, "localhost", { pin: fingerprint(certificate) })).toBe("believed");
  });

  test("in any case by a client that only measures", () => {
    expect(new Trust(true).problem("h", {}, new Error("self-signed"))).toBeUndefined();
  });
});

describe("A server is refused, with what to do, whose certificate", () => {
  test.each<[string, CertificateVector, string, { ca?: boolean; pin?: string }, string]>([
    [
      "is of an unknown CA",
      local,
      "localhost",
      {},
      `the server's certificate is signed by "test CA", which this machine does not trust; name that CA's certificate in rtmps.ca, or trust this one by rtmps.pin = "sha256:${fingerprint(local)}"`,
    ],
    [
      "is self-signed",
      selfSigned,
      "localhost",
      { ca: true, pin: fingerprint(local) },
      `the server's certificate is self-signed; if it is the right one, trust it by rtmps.pin = "sha256:${fingerprint(selfSigned)}"`,
    ],
    [
      "has expired",
      expired,
      "localhost",
      { ca: true },
      "the server's certificate has expired on Feb  1 00:00:00 2020 GMT; it has to be renewed there",
    ],
    [
      "is for another host",
      other,
      "localhost",
      { ca: true },
      "the server's certificate is for DNS:other.test, DNS:*.wild.test, not for localhost; write the target with one of its names",
    ],
    [
      "is for no address",
      other,
      "127.0.0.1",
      { ca: true },
      "the server's certificate is for DNS:other.test, DNS:*.wild.test, not for 127.0.0.1; write the target with one of its names",
    ],
  ])("%s", async (_, certificate, host, believed, problem) => {
    expect(await dialled(certificate, host, believed)).toBe(problem);
  });
});

test("a server is refused for any problem that the runtime has with its certificate, including unknown ones", () => {
  const certificate = { fingerprint256: "AA:BB", subjectaltname: "DNS:localhost" };
  const problem = (error: Error | null) => new Trust().problem("localhost", certificate, error);
  expect(problem(null)).toBeUndefined();
  expect(problem(new Error("odd"))).toBe("the server's certificate is refused: odd");
  expect(problem(Object.assign(new Error(""), { code: "ODD" }))).toBe("the server's certificate is refused: ODD");
  expect(problem(new Error(""))).toBe("the server's certificate is refused: the runtime does not say why");
});

test.each([
  ["answers in plain RTMP", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0), "the other side does not speak TLS"],
  ["closes", undefined, "the other side closed the connection during the TLS handshake"],
])("a server on a port for plain RTMP that %s is told apart", async (_, answer, what) => {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket) => void (answer === undefined ? socket.end() : socket.write(answer)) },
  });
  const client = new End();
  stage.dial(listener.port, client);
  expect(await client.closed.promise).toBe(
    `TLS handshake failed: ${what}; is this the server's port for rtmps://, or has it to be rtmp://?`,
  );
  listener.stop(true);
});

test("a server that sends nothing is left when the time for the dial is over", async () => {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => greeted.resolve() } });
  const greeted = Promise.withResolvers<void>();
  const client = new End();
  stage.dial(listener.port, client);
  await greeted.promise;
  stage.clock.advance(5000);
  expect(await client.closed.promise).toBe("no connection within 5 s");
  listener.stop(true);
});

test("CA files that can't be used are named, and the ones in use stay", () => {
  const trust = new Trust();
  const text = stage.folder.write("text", "hello");
  expect(() => trust.prepare({ ca: [text, "/none"], pin: [] })).toThrow(
    new UserError(
      `${text} (rtmps.ca) has no certificate in PEM form ("-----BEGIN CERTIFICATE-----")\ncannot read /none: no such file (rtmps.ca)`,
    ),
  );
  const file = stage.folder.write("renewed.crt", ca.cert);
  trust.prepare({ ca: [file], pin: [] }).apply();
  const { context } = trust;
  stage.folder.write("renewed.crt", "broken");
  expect(trust.outdated).toBe(true);
  expect(() => trust.renew()).toThrow(UserError);
  expect([trust.context === context, trust.outdated]).toEqual([true, false]);
});
