// `npm start`: builds the executable where sources are newer, and runs a cluster on this machine, a process for each file of conf/local.
// `npm start -- --demo` also publishes a test picture.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { parse } from "smol-toml";
import { build } from "../build.ts";
import { messageOf } from "../src/base/errors.ts";
import { Cluster } from "./cluster.ts";
import { isCurrent } from "./current-build.ts";
import { startDemo } from "./demo.ts";

const root = join(import.meta.dir, "..");
const directory = join(root, "conf/local");
const origin = "origin";

interface Server {
  name: string;
  file: string;
  url: string;
  /** The stream's page; undefined where no HTTP is served. */
  page: string | undefined;
}

/** The servers that `directory` describes, the origin first. */
function readServers(): Server[] {
  const names = readdirSync(directory)
    .filter((file) => file.endsWith(".toml"))
    .map((file) => file.slice(0, -".toml".length))
    .sort((a, b) => Number(b === origin) - Number(a === origin) || a.localeCompare(b));
  return names.map((name) => {
    const file = join(directory, `${name}.toml`);
    const { listen, http_server } = parse(readFileSync(file, "utf8")) as {
      listen?: unknown;
      http_server?: { listen?: unknown };
    };
    const url = streamUrl("rtmp", listen ?? 1935, "1935");
    const page = http_server?.listen === undefined ? undefined : streamUrl("http", http_server.listen, "80");
    return { name, file, url, page };
  });
}

/** The example stream at the first address of a `listen` value, as a program on this machine reaches it. */
function streamUrl(scheme: string, listen: unknown, defaultPort: string): string {
  const first = String(Array.isArray(listen) ? listen[0] : listen);
  const colon = first.lastIndexOf(":");
  const port = first.slice(colon + 1);
  const host = colon < 0 ? "" : first.slice(0, colon);
  const reachable = ["", "*", "0.0.0.0", "[::]"].includes(host) ? "127.0.0.1" : host;
  return `${scheme}://${reachable}${port === defaultPort ? "" : `:${port}`}/live/livestream`;
}

function showUrls(servers: readonly Server[], demo: boolean): void {
  const lines = servers.map(
    (server, at) => `  ${at === 0 ? "Play from " : "          "}  ${server.url}  (${server.name})`,
  );
  const pages = servers.flatMap(({ name, page }) => (page === undefined ? [] : [`${page}  (${name})`]));
  print("");
  print(`  Publish to  ${servers[0]?.url}`);
  for (const line of lines) print(line);
  for (const [at, page] of pages.entries()) print(`  ${at === 0 ? "Watch at  " : "          "}  ${page}`);
  print(`  Stop with Ctrl-C.${demo ? "" : " For a test picture: npm start -- --demo"}`);
  print("");
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The executable, built where it is missing or sources are newer; says which. */
async function ready(): Promise<string> {
  const path = join(root, "dist/srs");
  const name = relative(process.cwd(), path);
  if (isCurrent(path)) {
    print(`${name} is current: no source is newer`);
    return path;
  }
  print(`building ${name}`);
  try {
    return await build();
  } catch (error) {
    if (!(error instanceof Error) || !/^(?:EACCES|EPERM|EROFS)\b/.test(error.message)) throw error;
    throw new Error(`${name} is missing or older than the sources, and its folder can't be written: ${error.message}`);
  }
}

/** Says what runs with which file, and which variables the servers don't get. */
function showFiles(servers: readonly Server[]): void {
  for (const { name, file } of servers) print(`${name} runs ${relative(process.cwd(), file)}`);
  const variables = Object.keys(process.env).filter((variable) => variable.startsWith("SRS_"));
  if (variables.length > 0) print(`the servers don't get ${variables.join(", ")}: each runs its file alone`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { demo: { type: "boolean", default: false } } });
  const servers = readServers();
  const executable = await ready();
  showFiles(servers);
  let stopDemo = async (): Promise<void> => {};
  const cluster = new Cluster({
    members: servers.map(({ name, file }) => ({ name, command: [executable, "--conf", file] })),
    print,
    onReady: () => {
      showUrls(servers, values.demo);
      if (values.demo && servers[0] !== undefined) stopDemo = startDemo(servers[0].url, executable, print);
    },
  });
  const stop = (): void => {
    void stopDemo().then(() => cluster.stop());
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  process.stdout.on("error", stop); // nobody reads the log any more
  const status = await cluster.ended;
  await stopDemo();
  return status;
}

try {
  process.exit(await main());
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}
