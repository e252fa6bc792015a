/**
 * Signatures made with OpenSSL 3: `printf 'play\n…' | openssl dgst -sha256 -hmac KEY`. `exp` is 2027-01-01T00:00:00Z.
 * The first is the example of docs/access.md.
 */
export const signedUrls = [
  {
    key: "correct-horse-battery-staple",
    claims: {
      action: "play",
      name: { vhost: "__defaultVhost__", app: "live", stream: "livestream" },
      exp: "1798761600",
      addr: "",
    },
    hex: "89e029de6b28734382f4bc4d5511e2757a65d23f6d42572d9b0a5f6c773a8a2f",
  },
  {
    key: "correct-horse-battery-staple",
    claims: {
      action: "publish",
      name: { vhost: "live.example.com", app: "live/event", stream: "show" },
      exp: "1798761600",
      addr: "2001:db8::7",
    },
    hex: "353604c32511905da9585f50f93a9eee8e60640eb48f1b46c228b263bba8e55c",
  },
] as const;
