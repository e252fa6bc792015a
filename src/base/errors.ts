/**
 * A peer broke the protocol or passed a limit. Thrown where it is seen, caught only where the connection is owned:
 * logged once, then the connection is closed.
 */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** A mistake of the operator's (configuration, command line, environment). The message is the whole of what he needs: no stack is shown. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** The one line of an unknown thrown value, for logs. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
