import { formatHostPort } from "../../base/address.ts";
import { messageOf } from "../../base/errors.ts";
import type { OpenRedis, RedisConnection, RedisServer } from "../../base/redis.ts";
import type { Trust } from "../tls/trust.ts";

/** Opens connections; over TLS, servers are trusted by the CAs of `trust`. */
export function redisOpener(trust: Pick<Trust, "authorities">): OpenRedis {
  return (server, timeoutMs, closed) => {
    const { authorities: ca } = server.tls ? trust : { authorities: [] };
    return open(server, ca === undefined ? { rejectUnauthorized: false } : { ca: [...ca] }, timeoutMs, closed);
  };
}

/**
 * One connection of the runtime's client, used once: its own reconnecting loses subscriptions, gives up after half a minute, and sends
 * commands late, when their callers no longer wait.
 */
async function open(
  server: RedisServer,
  tls: Bun.TLSOptions,
  timeoutMs: number,
  closed: () => void,
): Promise<RedisConnection> {
  const client = new Bun.RedisClient(urlOf(server), {
    autoReconnect: false,
    connectionTimeout: timeoutMs,
    // The first command opens the connection; only its error has the reason of a failure.
    enableOfflineQueue: true,
    ...(server.tls ? { tls } : {}),
  });
  let state: "opening" | "open" | "closed" = "opening";
  client.onclose = () => {
    const wasOpen = state === "open";
    state = "closed";
    if (wasOpen) closed();
  };
  const connection: RedisConnection = {
    call(command, args) {
      // The client would queue the command for a connection that is never opened.
      if (state === "closed") return Promise.reject(new Error("the connection is closed"));
      return client.send(command, [...args]).catch(withoutArgs);
    },
    async subscribe(channels, onMessage) {
      await client.subscribe([...channels], (text, channel) => onMessage(channel, text));
    },
    close() {
      state = "closed";
      client.close();
    },
  };
  try {
    await connection.call("PING", []);
  } catch (error) {
    connection.close();
    throw new Error(reasonOf(error, timeoutMs), { cause: error });
  }
  // `state` changes in callbacks.
  if ((state as string) === "closed") throw new Error("the connection was closed");
  state = "open";
  return connection;
}

function urlOf({ host, port, tls, username, password, database }: RedisServer): string {
  const user = username === "" && password === "" ? "" : `${encode(username)}:${encode(password)}@`;
  return `${tls ? "rediss" : "redis"}://${user}${formatHostPort({ host, port })}/${database}`;
}

function encode(text: string): string {
  return encodeURIComponent(text);
}

/** Of a command that it does not know, Redis's error repeats arguments: each would be another error, and they are not for the log. */
function withoutArgs(error: unknown): never {
  const text = messageOf(error);
  const short = text.replace(/, with args beginning with:.*$/s, "");
  throw short === text ? error : new Error(short, { cause: error });
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ERR_REDIS_CONNECTION_CLOSED") return "no connection: nobody listens there, or it was closed at once";
  if (code === "ERR_REDIS_CONNECTION_TIMEOUT") return `no answer within ${timeoutMs} ms`;
  if (code.startsWith("ERR_REDIS_INVALID_RESPONSE")) return "what answers there is no Redis server";
  return messageOf(error);
}
