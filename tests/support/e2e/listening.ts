import { WAIT_LIMIT_MS } from "../limits.ts";
import type { Program } from "./program.ts";
import { until } from "./wait.ts";

/** Waits until a program that does not say so itself accepts connections on a port of loopback. */
export async function untilListening(program: Program, port: number): Promise<void> {
  const state = { up: false };
  const probe = setInterval(() => void accepts(port).then((up) => (state.up ||= up)), 50);
  try {
    await until(
      `${program.name} listens`,
      () => state.up,
      WAIT_LIMIT_MS,
      () => program.tail(),
    );
  } finally {
    clearInterval(probe);
  }
}

function accepts(port: number): Promise<boolean> {
  return Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } }).then(
    (socket) => {
      socket.end();
      return true;
    },
    () => false,
  );
}
