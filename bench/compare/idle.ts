import { owned } from "../command.ts";
import type { Row, Stage } from "./cases.ts";
import { hasNginx, type Server, startNginx, startSrs } from "./servers.ts";
import { cpuOf, waitsOf } from "./usage.ts";

/** Wait until the runtime has compiled the hot paths, and its collector runs less often. */
const WARM_UP_MS = 40_000;
/** Wait until the encoder, or the players, have connected. */
const ARRIVAL_MS = 1000;

/** The connected clients: columns of the table. */
const LOADS = [
  { publishers: 0, players: 0 },
  { publishers: 1, players: 0 },
  { publishers: 1, players: 10 },
] as const;

/** The cost of almost idle servers. All run at the same time, as together they leave the machine idle. */
export async function almostIdle({ executable, folder, seconds }: Stage): Promise<Row[]> {
  const kinds = [
    { name: "srs", begin: () => startSrs(executable, folder, "") },
    {
      name: "srs with the allocator as it is",
      // With LISTEN_FDS, the server does not restart itself with the allocator's settings.
      begin: () => startSrs(executable, folder, "", undefined, { LISTEN_FDS: "0" }),
    },
    ...(hasNginx() ? [{ name: "nginx-rtmp", begin: () => startNginx(folder) }] : []),
  ];
  const all: { readonly server: Server; readonly load: (typeof LOADS)[number] }[] = [];
  try {
    for (const { begin } of kinds) for (const load of LOADS) all.push({ server: await begin(), load });
    const loadSeconds = (WARM_UP_MS + 3 * ARRIVAL_MS) / 1000 + seconds;
    for (const { server, load } of all) bench(executable, "publish", server, load.publishers, loadSeconds);
    await Bun.sleep(ARRIVAL_MS);
    for (const { server, load } of all) bench(executable, "play", server, load.players, loadSeconds);
    await Bun.sleep(ARRIVAL_MS + WARM_UP_MS);
    const before = all.map(({ server }) => look(server.pid));
    await Bun.sleep(seconds * 1000);
    const cells = all.map(({ server }, index) => used(before[index], look(server.pid)));
    return kinds.map(({ name }, at) => [name, ...cells.slice(at * LOADS.length, (at + 1) * LOADS.length).flat()]);
  } finally {
    for (const { server } of all) await server.stop();
  }
}

function bench(executable: string, what: string, { port }: Server, count: number, seconds: number): void {
  if (count === 0) return;
  const args = ["bench", what, `rtmp://127.0.0.1:${port}/live/idle`, "-n", String(count), "--seconds", String(seconds)];
  const kbps = what === "publish" ? ["--kbps", "600"] : [];
  owned(Bun.spawn([executable, ...args, ...kbps], { stdio: ["ignore", "ignore", "ignore"] }));
}

function look(pid: number) {
  return { at: performance.now(), cpuSeconds: cpuOf(pid), waits: waitsOf(pid) };
}

/** CPU usage, and wake-ups a second of the threads that still run. */
function used(from: ReturnType<typeof look> | undefined, to: ReturnType<typeof look>): Row {
  if (from === undefined) return [];
  const seconds = (to.at - from.at) / 1000;
  let wakeUps = 0;
  for (const [thread, waits] of to.waits) wakeUps += waits - (from.waits.get(thread) ?? 0);
  return [
    `${((100 * (to.cpuSeconds - from.cpuSeconds)) / seconds).toFixed(2)} %`,
    `${(wakeUps / seconds).toFixed(1)}/s`,
  ];
}
