/** What a failed TLS handshake means, by the library's name of the reason. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/CERTIFICATE_EXPIRED/, "the other side says that the certificate has expired"],
  [/UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN/, "the other side does not trust the certificate"],
  [/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION/, "the other side speaks no TLS version from 1.2 on"],
  [/NO_SHARED_CIPHER|HANDSHAKE_FAILURE|NO_COMMON_SIGNATURE_ALGORITHMS/, "the two sides have no cipher in common"],
  [/WRONG_VERSION_NUMBER|HTTP_REQUEST/, "the other side does not speak TLS"],
  [/disconnected before secure TLS|ECONNRESET/, "the other side closed the connection during the TLS handshake"],
  [/BAD_PACKET_LENGTH|UNEXPECTED_RECORD|BAD_DECRYPT|DECRYPTION_FAILED/, "the other side ended the TLS handshake"],
];

/** The reason of a failed handshake, for people. */
export function describeTlsError(error: Error | null | undefined): string {
  const text = error instanceof Error ? `${"code" in error ? error.code : ""} ${error.message}` : "";
  const words = REASONS.find(([pattern]) => pattern.test(text))?.[1];
  const name = /OPENSSL_internal:(\w+)/.exec(text)?.[1];
  return `TLS handshake failed: ${words ?? ((name ?? text.trim()) || "no reason given")}`;
}
