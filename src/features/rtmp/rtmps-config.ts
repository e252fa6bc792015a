import { UserError } from "../../base/errors.ts";
import { addresses } from "../../config/addresses.ts";
import { files } from "../../config/files.ts";
import { list } from "../../config/key.ts";
import { show } from "../../config/show.ts";
import { table } from "../../config/table.ts";

/** `[rtmps]` */
export const rtmpsTable = table(
  "RTMP over TLS (rtmps://): listeners and certificates, and which servers to trust when dialling.",
  {
    listen: addresses({
      default: [],
      doc: "Addresses on which RTMPS is accepted. An address that is also in listen accepts both: a connection's first byte decides.",
      example: [443, "127.0.0.1:1443"],
      protocol: "rtmps",
    }),
    cert: files({
      type: "the path of a PEM file with a certificate and its chain, or a list of these",
      doc: "The server's certificates. A client gets the one for the host name that it requests, or the first. Renewed files are noticed within a minute.",
      example: "/etc/letsencrypt/live/live.example.com/fullchain.pem",
    }),
    key: files({
      type: "the path of a PEM file with a private key, or a list of these",
      doc: "Private keys of the certificates, in the same order; without this key, each certificate's file contains its own.",
      example: "/etc/letsencrypt/live/live.example.com/privkey.pem",
      mayRepeat: true,
    }),
    ca: files({
      type: "the path of a PEM file with certificates, or a list of these",
      doc: "Certificates of CAs that are trusted in addition to the system's, for servers dialled over TLS (rtmps:// and https://).",
      example: "/etc/srs/cluster-ca.pem",
    }),
    pin: list<string>({
      default: [],
      type: '"sha256:" and the fingerprint of a certificate in hexadecimal, or a list of these',
      doc: "Fingerprints of certificates that are trusted as they are, self-signed ones too, for the same servers; the log shows the fingerprint of a refused certificate.",
      example: `sha256:${"0123456789abcdef".repeat(4)}`,
      reload: "live",
      parse: readPin,
      toToml: (pin) => `sha256:${pin}`,
      identity: (pin) => pin,
    }),
  },
);

function readText(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new UserError(`must be ${what}, not ${show(value)}`);
}

/** As `openssl x509 -fingerprint -sha256` and browsers write it, too. */
function readPin(value: unknown): string {
  const text = readText(value, "a fingerprint");
  const digits = text
    .replace(/^sha-?256[:=\s]*(?:fingerprint=)?/i, "")
    .replaceAll(":", "")
    .toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digits)) return digits;
  throw new UserError(`${show(value)} is not "sha256:" and 64 hexadecimal digits`);
}
