/** What stands at the start of a connection, and what a server has to make of it. */
export interface ProxyVector {
  readonly name: string;
  readonly value: { readonly host: string; readonly port: number } | undefined;
  readonly hex: string;
}

const text = (line: string) => Buffer.from(line, "latin1").toString("hex");
/** The signature of version 2 (haproxy.org/download/3.0/doc/proxy-protocol.txt, 2.2). */
const v2 = "0d0a0d0a000d0a515549540a";

const ffff = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

/** Source: the specification named above, 2.1 with its longest lines and its example, and 2.2 by its tables; others as said. */
export const proxyVectors: readonly ProxyVector[] = [
  {
    name: "v1, the example of 2.1",
    value: { host: "192.168.0.1", port: 56324 },
    hex: text("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"),
  },
  {
    name: "v1, the longest TCP4 line",
    value: { host: "255.255.255.255", port: 65535 },
    hex: text("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
  },
  {
    name: "v1, the longest TCP6 line",
    value: { host: ffff, port: 65535 },
    hex: text(`PROXY TCP6 ${ffff} ${ffff} 65535 65535\r\n`),
  },
  {
    name: "v1, TCP6 in short form",
    value: { host: "2001:db8::7", port: 40000 },
    hex: text("PROXY TCP6 2001:DB8:0:0::7 ::1 40000 1935\r\n"),
  },
  {
    name: "v1, TCP6 with an IPv4 address inside",
    value: { host: "203.0.113.9", port: 1 },
    hex: text("PROXY TCP6 ::ffff:203.0.113.9 ::ffff:10.0.0.1 1 1935\r\n"),
  },
  { name: "v1, UNKNOWN alone", value: undefined, hex: text("PROXY UNKNOWN\r\n") },
  {
    name: "v1, the longest line there is",
    value: undefined,
    hex: text(`PROXY UNKNOWN ${ffff} ${ffff} 65535 65535\r\n`),
  },
  {
    // Source: github.com/seriousben/experiment-proxy-protocol, README.md: a dump of what HAProxy sends.
    name: "v2, TCP over IPv4 as HAProxy sends it",
    value: { host: "172.19.0.1", port: 42578 },
    hex: `${v2}2111000cac130001ac130003a6520050`,
  },
  {
    name: "v2, TCP over IPv6",
    value: { host: "2001:db8::7", port: 40000 },
    hex: `${v2}2121002420010db8000000000000000000000007${"00".repeat(15)}019c40078f`,
  },
  {
    name: "v2 with extensions: a NOOP of three bytes and an authority",
    value: { host: "10.1.2.3", port: 258 },
    hex: `${v2}2111001f0a0102030a0000010102079004000300000002000a${text("live.local")}`,
  },
  { name: "v2, LOCAL without addresses", value: undefined, hex: `${v2}20000000` },
  {
    name: "v2, LOCAL with addresses, which count for nothing",
    value: undefined,
    hex: `${v2}2011000c${"01".repeat(12)}`,
  },
  { name: "v2, UNSPEC with extensions", value: undefined, hex: `${v2}21000003040000` },
  { name: "v2, UDP over IPv4", value: undefined, hex: `${v2}2112000c${"01".repeat(12)}` },
  { name: "v2, a Unix socket", value: undefined, hex: `${v2}213100d8${"2f".repeat(216)}` },
  {
    // Source: go-oryx's proxy as SRS reads it: 0xf3, a length of 16 bits, the client's IPv4 address first.
    name: "go-oryx",
    value: { host: "10.0.0.7", port: 0 },
    hex: "f300040a000007",
  },
  { name: "go-oryx with more than an address", value: { host: "10.0.0.7", port: 0 }, hex: "f300060a0000070102" },
];

/** A ClientHello in its TLS records. */
export interface HelloVector {
  readonly name: string;
  readonly value: { readonly serverName: string | undefined };
  readonly hex: string;
}

export const helloVectors: readonly HelloVector[] = [
  {
    // Source: RFC 8448, 3 (Simple 1-RTT Handshake).
    name: "RFC 8448's",
    value: { serverName: "server" },
    hex:
      "16030100c4010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece70000061301130313020100" +
      "00910000000b0009000006736572766572ff01000100000a00140012001d001700180019010001010102010301040023000000330026" +
      "0024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b0003020304000d0020001e040305" +
      "030603020308040805080604010501060102010402050206020202002d00020101001c00024001",
  },
  {
    // Source: openssl s_client 3.0.19, -servername Live.Example.com.
    name: "OpenSSL's, with a name in mixed case",
    value: { serverName: "live.example.com" },
    hex:
      "160301013d010001390303a3a50c01206ee6b54bad29a68c7fe2d0e73e05b09c1d81d654d66df45845426920bec74484ec01bb832c98" +
      "70bb92c9ffddd85f30a6b423e544b47ec1d2585ac9a9003e130213031301c02cc030009fcca9cca8ccaac02bc02f009ec024c028006b" +
      "c023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff010000b20000001500130000104c6976652e4578616d" +
      "706c652e636f6d000b000403000102000a00160014001d0017001e001900180100010101020103010400230000001600000017000000" +
      "0d002a0028040305030603080708080809080a080b080408050806040105010601030303010302040205020602002b00090803040303" +
      "03020301002d00020101003300260024001d0020a256db70b91c822b7d24d8b1f184c31df28baa765b261bcb6f81a7c4f3033e62",
  },
  {
    // Source: openssl s_client 3.0.19, -tls1_2 -noservername.
    name: "OpenSSL's for TLS 1.2, without a name",
    value: { serverName: undefined },
    hex:
      "16030100830100007f030360196da27986c51456368cf068d448ac7e4f2eca2ceca1d3f50b309cc2d9d237000004c02f00ff01000052" +
      "000b000403000102000a000c000a001d0017001e00190018002300000016000000170000000d002a0028040305030603080708080809" +
      "080a080b080408050806040105010601030303010302040205020602",
  },
  {
    // Source: FFmpeg 5.1 with GnuTLS, rtmps://localhost.
    name: "FFmpeg's",
    value: { serverName: "localhost" },
    hex:
      "16030101820100017e0303f68367eaeab628cc675bc1e2f45e13a9a555554d12f12ccae6f96e39d524681820b3a6e2d0b81f3cb585fd" +
      "3223244e71a2de9f5d396488509fd19f1bae3283b381003a1302130313011304c02ccca9c0adc00ac02bc0acc009c030cca8c014c02f" +
      "c013009dc09d0035009cc09c002f009fccaac09f0039009ec09e0033010000fb000500050100000000000a00160014001700180019001" +
      "d001e01000101010201030104000b00020100000d00220020040108090804040308070501080a0805050308080601080b080606030201" +
      "02030016000000170000002300000033006b0069001700410445f7011bd86ca957dcfa2f70e3fa765de3adeedaed29d21f38e643b36c2" +
      "03c4d175bea01acddae255968154953226fdd28c8be248e1bee92bce9bd54c6986431001d0020a44eef31ef1bf9e006e64b166cc62e5c" +
      "44137b0c53974541f7136256ceac615d002b0009080304030303020301ff010001000000000e000c0000096c6f63616c686f7374002d00" +
      "03020100001c00024001",
  },
];
