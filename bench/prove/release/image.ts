import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../../package.json";
import { commitOf } from "../../../scripts/commit.ts";
import { root as repository } from "../../../scripts/run.ts";
import { builtExecutable } from "../../command.ts";
import type { Finding } from "../proof.ts";
import { engines } from "./engines.ts";
import { Findings } from "./findings.ts";
import { bench, plays } from "./players.ts";
import type { Root } from "./root.ts";

/** The command of docs/container.md, with a folder for the configuration. */
const RUN =
  "run -d --name srs -p 1935:1935 -p 8080:8080 --read-only --cap-drop ALL --security-opt no-new-privileges -v /srv/conf:/etc/srs:ro";
const STREAM = "rtmp://127.0.0.1/live/livestream";
const PLAYERS = 5;
/** Time for three checks ten seconds apart, the last of which may time out, with a margin. */
const HEALTH_SECONDS = 75;

/** Builds and runs a clone's Dockerfile by Docker. */
export async function imageUnderDocker(): Promise<readonly Finding[]> {
  const root = await engines();
  const found = new Findings(root);
  await found.run("its daemon is", "docker version -f '{{.Server.Version}}'", /^\d+/);
  await found.run("it builds the image from a clone", "docker build -q -t srs /srv/clone", /^sha256:/m);
  const commit = commitOf(repository).replace("+dirty", "");
  const said = `srs ${packageJson.version} (${commit})`;
  await found.run("the image says its commit", `docker run --rm srs version | grep -Fx '${said}'`);
  await found.run(
    "it has labels",
    "docker image inspect -f '{{json .Config.Labels}}' srs",
    /"org\.opencontainers\.image\.licenses":"MIT"/,
  );
  await serves(root, found, "docker");
  await isWatched(root, found);
  await restarts(root, found);
  await drains(root, found);
  return found.list;
}

/** Builds the image as a release does, from existing executables, and runs it by Podman. */
export async function imageUnderPodman(): Promise<readonly Finding[]> {
  const root = await engines();
  const found = new Findings(root);
  await found.run("it is", "podman --version", /^podman version \d+/);
  const stage = join(root.folder, "srv/stage/image");
  mkdirSync(join(stage, "run"), { recursive: true });
  cpSync(builtExecutable(), join(stage, `srs-${process.arch === "arm64" ? "arm64" : "amd64"}`));
  const build = "podman build -q --format docker --build-context build=/srv/stage -t srs /srv/clone";
  await found.run("it builds the image of executables that are there", build, /^[0-9a-f]{64}$/m);
  await serves(root, found, "podman");
  await found.run("it stops", STOP("podman"), /^0$/m);
  await root.run("podman rm -f srs");
  return found.list;
}

/** Starts the container, which serves with the Dockerfile's configuration and with a changed one. */
async function serves(root: Root, found: Findings, engine: "docker" | "podman"): Promise<void> {
  configure(root, "");
  await found.run("it runs read-only without rights", `${engine} ${RUN} -e TZ=Asia/Shanghai srs`);
  // Podman runs its checks by systemd's timers, and this system has no systemd.
  const check =
    engine === "docker"
      ? healthBecomes("healthy")
      : "for i in $(seq 50); do podman healthcheck run srs > /dev/null && echo healthy && exit 0; sleep 0.2; done; exit 1";
  await found.run("it is healthy", check);
  const first = `p=$(${engine} inspect -f '{{.State.Pid}}' srs)`;
  const rights = "Uid:\\s*65532\\s65532|CapEff:\\s*0+$|CapBnd:\\s*0+$|NoNewPrivs:\\s*1$|NSpid:.*\\s1$";
  await found.run(
    "process 1 is its user's, without rights",
    `${first}; [ $(grep -cE '${rights}' /proc/$p/status) = 5 ]`,
  );
  await found.run("its root is read-only", `${first}; awk '$5 == "/" {print $6}' /proc/$p/mountinfo`, /^ro\b/);
  await found.run(
    "its log has the zone of TZ",
    `${engine} logs srs 2>&1 | head -n 1 | cut -c1-13; TZ=Asia/Shanghai date +'%F %H'`,
    /^(.*)\n\1$/,
  );
  const publishing = bench(root, `publish ${STREAM} --seconds 60`);
  await found.run("an encoder publishes", within(20, `${engine} exec srs srs status | grep -E '1 publishers?'`));
  const { ok, seen } = await plays(root, STREAM);
  found.add("its stream is played at the container's port", ok, { status: 0, said: seen });
  publishing.kill("SIGTERM");
  configure(root, "max_connections = 100");
  await found.run(
    "SIGHUP loads the changed file of a mounted folder",
    `${engine} kill -s HUP srs && ${logged(engine, "configuration reloaded .*max_connections")}`,
  );
  await found.run(
    "SIGUSR2 says that a container is not upgraded",
    `${engine} kill -s USR2 srs && ${logged(engine, "not upgraded.*start a new container")}`,
  );
  await found.fails("srs upgrade says so, too", `${engine} exec srs srs upgrade`, /start a new container/);
  const children = "cat /proc/$p/task/$p/children";
  await found.run(
    "an orphan is taken and waited for",
    `${first}; nsenter -t $p -p sh -c 'sleep 1 &'; [ -n "$(${children})" ] && ${within(30, `[ -z "$(${children})" ]`)}`,
  );
}

/** Checks the container's health as the engine reports it, with the Dockerfile's intervals. */
async function isWatched(root: Root, found: Findings): Promise<void> {
  configure(root, "lisen = 1935");
  await root.run("docker kill -s HUP srs");
  await found.run("it is unhealthy after a refused reload", healthBecomes("unhealthy"), /lisen/);
  configure(root, "");
  await root.run("docker kill -s HUP srs");
  await found.run("it is healthy again", healthBecomes("healthy"));
  await root.run("docker kill -s STOP srs");
  await found.run("it is unhealthy when the process is frozen", healthBecomes("unhealthy"));
  await root.run("docker kill -s CONT srs");
  await found.run("it is healthy when that goes on", healthBecomes("healthy"));
}

/** Ends the container: by a stop while players watch, and by a crash. */
async function restarts(root: Root, found: Findings): Promise<void> {
  const watching = bench(root, `play ${STREAM} --count ${PLAYERS} --seconds 60 --json`);
  const publishing = bench(root, `publish ${STREAM} --seconds 60`);
  await found.run("players watch", within(20, `docker exec srs srs status | grep -F '${PLAYERS} players'`));
  await found.run("docker stop ends it with 0, with players", STOP("docker"), /^0$/m);
  for (const each of [watching, publishing]) each.kill("SIGKILL");
  await found.run("it tells that it stopped", `docker logs --tail 1 srs 2>&1`, /INFO {2}stopped/);
  const again =
    "docker start srs && docker update --restart unless-stopped srs && p=$(docker inspect -f '{{.State.Pid}}' srs)";
  await found.run(
    "the engine starts it again after a crash",
    `${again} && kill -KILL $p && ${within(30, "docker exec srs srs status")}`,
  );
  await root.run("docker rm -f -v srs");
}

/** Drains a container while the next one has its ports. */
async function drains(root: Root, found: Findings): Promise<void> {
  const run = "docker run -d --network host --read-only -v /srv/conf:/etc/srs:ro";
  await root.run(`${run} --name old srs && ${within(20, "docker exec old srs status --check")}`);
  const publishing = bench(root, `publish ${STREAM} --seconds 60`);
  await found.run("an encoder is there", within(20, "docker exec old srs status | grep -E '1 publishers?'"));
  await root.run("docker kill -s QUIT old");
  await found.run(
    "the next container takes the ports of one that drains",
    `${run} --name new srs && ${within(20, "docker exec new srs status --check && docker logs old 2>&1 | grep drain")}`,
  );
  await found.run("which still has its encoder", "docker inspect -f '{{.State.Running}}' old", /^true$/);
  publishing.kill("SIGTERM");
  await found.run("and ends with 0 when that leaves", `timeout 20 docker wait old`, /^0$/);
  await root.run("docker rm -f -v old new");
}

/** A script that waits for a health state, and prints the output of the last check. */
function healthBecomes(state: string): string {
  const is = `[ "$(docker inspect -f '{{.State.Health.Status}}' srs)" = ${state} ]`;
  return `${within(HEALTH_SECONDS, is)} && docker inspect -f '{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{end}}' srs | tail -n 2`;
}

function logged(engine: string, pattern: string): string {
  return within(10, `${engine} logs srs 2>&1 | grep '${pattern}'`);
}

/** A script that repeats another one until it succeeds. */
function within(seconds: number, script: string): string {
  return `for i in $(seq ${seconds * 5}); do if ${script}; then break; fi; sleep 0.2; [ $i != ${seconds * 5} ] || exit 1; done`;
}

/** A script that stops the container, and prints its exit status and how long the stop took. */
const STOP = (engine: string) =>
  `a=$(date +%s%N); ${engine} stop srs > /dev/null; b=$(date +%s%N); ${engine} inspect -f '{{.State.ExitCode}}' srs; echo "$(((b - a) / 1000000)) ms"`;

function configure(root: Root, line: string): void {
  const folder = join(root.folder, "srv/conf");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "srs.toml"), `${line}\nlisten = 1935\n[http_server]\nlisten = 8080\n`);
}
