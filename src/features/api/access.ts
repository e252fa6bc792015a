import { createHash, timingSafeEqual } from "node:crypto";
import { contains, parseIp } from "../../base/network.ts";
import { type Authority, parseAuthority } from "../../http/authority.ts";
import type { HttpRequest } from "../../http/request.ts";
import type { ApiConfig } from "./config.ts";
import type { ApiUser } from "./context.ts";
import { ApiError, type Role } from "./operation.ts";

/** A caller, and their rights. */
export interface Caller {
  /** The caller's name in the log. */
  readonly by: string;
  readonly role: Role;
}

/** The rules of access to the API. */
export interface AccessRules {
  readonly config: Pick<ApiConfig, "hosts" | "metrics_from">;
  readonly users: ReadonlyMap<string, ApiUser>;
  /** Counts a wrong password from an address; false if there were too many. */
  mayFail(address: string): boolean;
}

/** A caller without valid credentials where they are needed. The answer asks for credentials. */
export class CredentialsError extends ApiError {
  constructor(message: string) {
    super(401, "rights", message);
  }
}

/** The caller of a request from `address`. Throws ApiError for a request that may not be answered. */
export function callerOf(request: HttpRequest, address: string, rules: AccessRules): Caller {
  refuseCrossSite(request);
  const authorization = request.header("authorization");
  if (rules.users.size > 0 && authorization !== undefined) return userOf(authorization, address, rules);
  if (rules.users.size === 0 && isLoopback(address)) {
    refuseForeignHost(request, rules);
    return { by: "this machine", role: "admin" };
  }
  if (request.path === "/metrics" && isIn(address, rules.config.metrics_from)) {
    refuseForeignHost(request, rules);
    return { by: "metrics_from", role: "read" };
  }
  if (rules.users.size === 0) throw new ApiError(403, "rights", "without users, the API is for this machine alone");
  throw new CredentialsError("this takes the name and the password of a user of http_api");
}

/**
 * Whether a request certainly comes from a page of this host. It is asked for requests that browsers let pages of any host send, and whose
 * answers such pages can read. Browsers name the page's site in Sec-Fetch-Site, older ones the page in Referer.
 */
export function isSameSite(request: HttpRequest): boolean {
  const site = request.header("sec-fetch-site");
  if (site !== undefined) return site === "same-origin" || site === "same-site";
  const referer = URL.parse(request.header("referer") ?? "");
  return referer !== null && parseAuthority(referer.host)?.host === request.host;
}

/** Refuses requests of pages of other hosts, which can make a browser send requests to any server that it reaches. */
function refuseCrossSite(request: HttpRequest): void {
  const problem = () => new ApiError(403, "rights", "a page of another host may not call this");
  if (request.header("sec-fetch-site") === "cross-site") throw problem();
  const origin = request.header("origin");
  if (origin === undefined) return;
  const from: Authority | undefined = parseAuthority(URL.parse(origin)?.host ?? "?");
  const to = parseAuthority(request.header("host") ?? "");
  if (from === undefined || to === undefined || from.host !== to.host) throw problem();
  const changes = request.method !== "GET" && request.method !== "HEAD";
  if (changes && (from.port ?? 80) !== (to.port ?? 80)) throw problem();
}

/** Refuses foreign host names: after DNS rebinding, a page's own host name leads to this machine, and its requests still have that name. */
function refuseForeignHost({ host }: HttpRequest, { config }: AccessRules): void {
  const name = host.replace(/^\[|\]$/g, "");
  const isLocal = name === "localhost" || name.endsWith(".localhost") || parseIp(name) !== undefined;
  if (isLocal || config.hosts.includes(name)) return;
  throw new ApiError(
    403,
    "rights",
    "without credentials, call this by its IP address or localhost, or name the host in http_api.hosts",
  );
}

function userOf(authorization: string, address: string, { users, mayFail }: AccessRules): Caller {
  const [, encoded] = /^basic +([A-Za-z0-9+/=]{1,1024})$/i.exec(authorization) ?? [];
  const [name = "", password = ""] = splitOnce(decoded(encoded ?? ""));
  const user = users.get(name);
  // The comparison also runs for an unknown name, so that its answer takes as long.
  const isRight = isEqual(password, user?.password ?? "") && user !== undefined && user.password !== "";
  if (isRight) return { by: name, role: user.role };
  if (!mayFail(address)) throw new ApiError(429, "rights", "too many wrong passwords from this address; wait a minute");
  throw new CredentialsError("no user of http_api has this name and password");
}

function decoded(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(base64));
  } catch {
    return "";
  }
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function isEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

function isIn(address: string, networks: ApiConfig["metrics_from"]): boolean {
  const ip = parseIp(address);
  return ip !== undefined && networks.some((network) => contains(network, ip));
}
