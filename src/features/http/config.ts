import { addresses } from "../../config/addresses.ts";
import { files } from "../../config/files.ts";
import { text } from "../../config/key.ts";
import { table } from "../../config/table.ts";

/** `[http_server.tls]` */
const tlsTable = table("HTTPS, https:// and wss://. HTTP/2 and HTTP/3 are for a proxy in front.", {
  listen: addresses({
    default: [],
    doc: "Addresses on which HTTPS is accepted. An address that is also in http_server.listen accepts both: a connection's first byte decides.",
    example: [443, "127.0.0.1:8443"],
    protocol: "https",
  }),
  cert: files({
    type: "the path of a PEM file with a certificate and its chain, or a list of these",
    doc: "The certificates of HTTPS, as in rtmps.cert; without this key, those of rtmps are used.",
    example: "/etc/letsencrypt/live/live.example.com/fullchain.pem",
  }),
  key: files({
    type: "the path of a PEM file with a private key, or a list of these",
    doc: "Private keys of the certificates, in the same order; without this key, each certificate's file contains its own.",
    example: "/etc/letsencrypt/live/live.example.com/privkey.pem",
    mayRepeat: true,
  }),
});

/** `[http_server]` */
export const httpServerTable = table("What viewers get over HTTP; administration is not served here.", {
  listen: addresses({
    default: [],
    doc: "Addresses on which HTTP is accepted; a bare port means every address, IPv4 and IPv6. None by default.",
    example: [8080, "127.0.0.1:8081"],
    protocol: "http",
  }),
  dir: text({
    default: "",
    type: "the path of a folder",
    doc: "A folder whose files are served, except those whose name begins with a dot (.well-known is served). None by default.",
    example: "/var/www",
    file: "folder",
    reload: "live",
  }),
  tls: tlsTable,
});
