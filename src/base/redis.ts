import type { HostPort } from "./address.ts";

/** A Redis or Valkey server, and our user there. */
export interface RedisServer extends HostPort {
  readonly tls: boolean;
  /** `""`: the default user; the password `""`: none. */
  readonly username: string;
  readonly password: string;
  /** The number of the database. */
  readonly database: number;
}

/** An open connection. */
export interface RedisConnection {
  /**
   * Sends a command; answers come in the order of commands. Rejects with the server's sentence, or when the connection closes. It has
   * no deadline: a caller that waits too long closes the connection. Replies are texts, numbers, null, and lists of these.
   */
  call(command: string, args: readonly string[]): Promise<unknown>;
  /** Receives what is published on these channels from now on; the connection takes no other commands then. */
  subscribe(channels: readonly string[], onMessage: (channel: string, text: string) => void): Promise<void>;
  /** Closes at once: calls that wait for an answer are rejected. `closed` is not called. */
  close(): void;
}

/**
 * Opens a connection, logs in, and waits for the first answer. Rejects with a sentence. `closed` is called when the server ends an open
 * connection, once.
 */
export type OpenRedis = (server: RedisServer, timeoutMs: number, closed: () => void) => Promise<RedisConnection>;
