/** TLS versions for both sides: with forward secrecy, a key that leaks later decrypts no recorded connection. */
export const tlsVersions = {
  minVersion: "TLSv1.2",
  // The ciphers of TLS 1.2 with that property; all of 1.3 have it. Those with SHA1 are for cameras and old encoders.
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
