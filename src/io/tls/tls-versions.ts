/** What TLS is spoken with, on both sides: a key that becomes known later opens nothing that was recorded before (forward secrecy). */
export const tlsVersions = {
  minVersion: "TLSv1.2",
  // Of TLS 1.2; all of 1.3 are so. Those with SHA1 are for cameras and old encoders.
  ciphers: [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
  ].join(":"),
} as const;
