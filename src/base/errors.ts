/**
 * A peer broke the protocol or exceeded a limit. Thrown where the fault is found; the owner of the connection catches it, logs
 * it once and closes the connection.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** A mistake of the operator (configuration, command line, environment). The message is complete by itself: no stack is shown. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** One line for an unknown thrown value, for logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
