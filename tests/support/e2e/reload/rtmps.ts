import { expect } from "bun:test";
import { connect as connectTls } from "node:tls";
import { type CertificateVector, ca, local, other, selfSigned } from "../../../vectors/certificates.ts";
import type { Stage } from "../stage.ts";
import { until } from "../wait.ts";
import type { Effect } from "./effects.ts";
import { ReloadServer, sendGop } from "./server.ts";

/** Writes a certificate and its key; the keys of `[rtmps]` that name them. */
export function pair(stage: Stage, name: string, { cert, key }: CertificateVector): string {
  return `cert = "${stage.write(`${name}.crt`, cert)}"\nkey = "${stage.write(`${name}.key`, key)}"`;
}

/** The subject of the certificate that the server shows on a port, or why there is none. */
export function shownBy(port: number, servername = "localhost"): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: "127.0.0.1", port, servername, rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject?.CN));
      socket.destroy();
    });
    socket.on("error", (error) => resolve(`error: ${error.message}`));
  });
}

/** The port of RTMPS that the server has told of last. */
async function rtmpsPort(server: ReloadServer): Promise<number> {
  const line = await server.program.line(/listening.* rtmps=/);
  return Number(/rtmps=\S*:(\d+)/.exec(line)?.[1]);
}

/** What a plain client that comes behind a proxy's header is told: its connection stays, or is closed. */
async function comesIn(port: number, header: string): Promise<boolean> {
  const open = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      open(socket) {
        socket.data = { answered: false, closed: false };
        socket.write(new Uint8Array([...Buffer.from(header), 3, ...new Uint8Array(1536)]));
      },
      data(socket) {
        socket.data.answered = true;
      },
      close(socket) {
        socket.data.closed = true;
      },
    },
    data: { answered: false, closed: false },
    // Closed before it was known here that it is open.
  }).catch(() => undefined);
  if (open === undefined) return false;
  await until("an answer or the end", () => open.data.answered || open.data.closed);
  open.terminate();
  return open.data.answered;
}

const HEADER = "PROXY TCP4 203.0.113.9 10.0.0.1 40000 1935\r\n";

/** What a server is told to believe of another whose RTMPS certificate this is. */
function trustEffect(certificate: CertificateVector, believed: (stage: Stage) => string): Effect {
  return async (stage) => {
    const target = await ReloadServer.start(
      stage,
      `[rtmps]\nlisten = "127.0.0.1:0"\n${pair(stage, "target", certificate)}`,
      "target",
    );
    const forward = `[vhost.__defaultVhost__]\nforward = "rtmps://localhost:${await rtmpsPort(target)}"`;
    const server = await ReloadServer.start(stage, forward);
    sendGop(await server.publish(), 1, 1);
    await server.program.line(/forward failed .*(self-signed|does not trust)/);
    await server.reload(`[rtmps]\n${believed(stage)}\n${forward}`);
    await server.program.line(/forward running/);
    await target.program.line(/publish started/);
  };
}

/** The effects of the keys that TLS and proxies go by. */
export const rtmpsEffects: Readonly<Record<string, Effect>> = {
  async "rtmps.listen"(stage) {
    const server = await ReloadServer.start(stage, "");
    const at = (name: string) => `[rtmps]\nlisten = "${name}"\n${pair(stage, "local", local)}`;
    await server.reload(at("127.0.0.1:0"));
    const port = await rtmpsPort(server);
    expect(await shownBy(port)).toBe("local");
    await server.reload("");
    expect(await shownBy(port)).toStartWith("error");
    // On the port of RTMP, too.
    await server.reload(`listen = "127.0.0.1:${server.port}"\n${at(`127.0.0.1:${server.port}`)}`);
    expect([await shownBy(server.port), await server.isRefused()]).toEqual(["local", false]);
  },

  async "rtmps.cert"(stage) {
    const tables = (certificates: string) => `[rtmps]\nlisten = "127.0.0.1:0"\n${certificates}`;
    const server = await ReloadServer.start(stage, tables(pair(stage, "local", local)));
    const port = await rtmpsPort(server);
    expect(await shownBy(port)).toBe("local");
    await server.reload(tables(pair(stage, "other", other)));
    expect(await shownBy(port)).toBe("other");
  },

  async "rtmps.key"(stage) {
    const both = stage.write("both.pem", `${local.cert}${local.key}`);
    const tables = (key: string) => `[rtmps]\nlisten = "127.0.0.1:0"\ncert = "${both}"\n${key}`;
    const server = await ReloadServer.start(stage, tables(""));
    await expect(server.reload(tables(`key = "${stage.write("other.key", other.key)}"`))).rejects.toThrow(
      /other\.key \(rtmps\.key\) is not the key of the certificate in .*both.pem/,
    );
    await server.reload(tables(`key = "${stage.write("local.key", local.key)}"`));
    expect(await shownBy(await rtmpsPort(server))).toBe("local");
  },

  "rtmps.ca": trustEffect(local, (stage) => `ca = "${stage.write("ca.crt", ca.cert)}"`),

  "rtmps.pin": trustEffect(selfSigned, () => {
    const der = Buffer.from(selfSigned.cert.replaceAll(/-----.*-----/g, ""), "base64");
    return `pin = "sha256:${new Bun.CryptoHasher("sha256").update(der).digest("hex")}"`;
  }),

  async "proxy_protocol.listen"(stage) {
    const server = await ReloadServer.start(stage, "");
    const listen = `"127.0.0.1:${server.port}"`;
    expect(await comesIn(server.port, HEADER)).toBe(false);
    await server.reload(`listen = ${listen}\n[proxy_protocol]\nlisten = ${listen}\ntrusted = "127.0.0.0/8"`);
    expect([await comesIn(server.port, HEADER), await comesIn(server.port, "")]).toEqual([true, false]);
    await server.program.line(/connection refused .*no PROXY protocol header/);
  },

  async "proxy_protocol.trusted"(stage) {
    const trusting = (network: string) => `[proxy_protocol]\nlisten = "127.0.0.1:0"\ntrusted = "${network}"`;
    const server = await ReloadServer.start(stage, trusting("10.0.0.0/8"));
    expect(await comesIn(server.port, HEADER)).toBe(false);
    await server.program.line(/connection refused .*proxy_protocol.trusted/);
    await server.reload(trusting("127.0.0.1"));
    expect(await comesIn(server.port, HEADER)).toBe(true);
  },
};
