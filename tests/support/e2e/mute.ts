import type { Stage } from "./stage.ts";

/** A server that takes connections and says nothing. */
export function startMute(stage: Stage): { readonly port: number; readonly connections: number } {
  let connections = 0;
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open() {
        connections++;
      },
      data() {},
    },
  });
  stage.defer(() => listener.stop(true));
  return {
    port: listener.port,
    get connections() {
      return connections;
    },
  };
}
