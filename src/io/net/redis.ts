import { formatHostPort } from "../../base/address.ts";
import { messageOf } from "../../base/errors.ts";
import type { OpenRedis, RedisConnection, RedisServer } from "../../base/redis.ts";

/**
 * One connection of the runtime's client, used once: its own reconnecting loses subscriptions, gives up after half a minute, and sends
 * commands late that nobody waits for any more.
 */
export const openRedis: OpenRedis = async (server, timeoutMs, closed) => {
  const client = new Bun.RedisClient(urlOf(server), {
    autoReconnect: false,
    connectionTimeout: timeoutMs,
    // The first command opens the connection; it alone tells why that fails.
    enableOfflineQueue: true,
    ...(server.tls ? { tls: true } : {}),
  });
  let state: "opening" | "open" | "closed" = "opening";
  client.onclose = () => {
    const wasOpen = state === "open";
    state = "closed";
    if (wasOpen) closed();
  };
  const connection: RedisConnection = {
    call(command, args) {
      // The client would keep it for a connection that never comes.
      if (state === "closed") return Promise.reject(new Error("the connection is closed"));
      return client.send(command, [...args]);
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
  // It changes in callbacks.
  if ((state as string) === "closed") throw new Error("the connection was closed");
  state = "open";
  return connection;
};

function urlOf({ host, port, tls, username, password, database }: RedisServer): string {
  const user = username === "" && password === "" ? "" : `${encode(username)}:${encode(password)}@`;
  return `${tls ? "rediss" : "redis"}://${user}${formatHostPort({ host, port })}/${database}`;
}

function encode(text: string): string {
  return encodeURIComponent(text);
}

function reasonOf(error: unknown, timeoutMs: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_REDIS_CONNECTION_CLOSED") return "no connection: nobody listens there, or it was closed at once";
  if (code === "ERR_REDIS_CONNECTION_TIMEOUT") return `no answer within ${timeoutMs} ms`;
  return messageOf(error);
}
