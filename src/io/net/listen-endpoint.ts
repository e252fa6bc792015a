import type { ListenAddress } from "../../base/address.ts";

/** An address to listen on, and the protocol spoken there. */
export interface ListenEndpoint extends ListenAddress {
  /** `api`: HTTP for administration. */
  readonly protocol: "rtmp" | "http" | "api";
  /** The protocol without TLS. */
  readonly plain: boolean;
  readonly tls: boolean;
  /** Each connection begins with a proxy's header. */
  readonly proxied: boolean;
}

/** The default: RTMP without TLS. */
export const plainEndpoint = { protocol: "rtmp", plain: true, tls: false, proxied: false } as const;
