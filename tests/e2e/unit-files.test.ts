import { expect } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Client } from "../support/e2e/client.ts";
import { executable } from "../support/e2e/executable.ts";
import type { Program } from "../support/e2e/program.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { WAIT_LIMIT_MS } from "../support/limits.ts";
import { NotifyReceiver } from "../support/notify-receiver.ts";

const file = "tests/e2e/unit-files.test.ts";
const root = join(import.meta.dir, "../..");
const folder = join(root, "conf/systemd");
const documentation = readFileSync(join(root, "docs/operating.md"), "utf8");
const test = testWith(file, "systemd");

const namespaces = Bun.spawnSync(["unshare", "--mount", "mount", "-t", "proc", "proc", "/proc"]).exitCode === 0;
const testConfined = namespaces ? test : (test.skip as typeof test);
if (!namespaces) process.stdout.write(`skipped: ${file} needs root and mount namespaces for the sandbox\n`);

function run(...command: readonly string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { timeout: WAIT_LIMIT_MS });
  return { exitCode, out: stdout.toString(), err: stderr.toString() };
}

/** The unit files as instances of one name, with the executable where it is. */
function install(stage: Stage): { service: string; socket: string } {
  for (const type of ["service", "socket"]) {
    const text = readFileSync(join(folder, `srs@.${type}`), "utf8");
    writeFileSync(stage.path(`srs@.${type}`), text.replaceAll("/usr/local/bin/srs", executable()));
    symlinkSync(`srs@.${type}`, stage.path(`srs@edge-1936.${type}`));
  }
  return { service: stage.path("srs@edge-1936.service"), socket: stage.path("srs@edge-1936.socket") };
}

test.concurrent("systemd finds nothing wrong with the unit files", async () => {
  await using stage = new Stage();
  const { service, socket } = install(stage);
  for (const unit of [service, socket]) {
    expect(run("systemd-analyze", "verify", "--man=no", unit)).toEqual({ exitCode: 0, out: "", err: "" });
  }
});

/** What the unit runs before a reload, as the shell reads it: systemd makes one of two percent signs. */
function checkScript(unit: string): string {
  const [, script = ""] = /^ExecReload=\+\/bin\/sh -c '(.*)'$/m.exec(unit) ?? [];
  return script.replaceAll("%%", "%");
}

function runCheck(unit: string, conf: string, pid: number) {
  return run("env", `CONF=${conf}`, `MAINPID=${pid}`, "sh", "-c", checkScript(unit));
}

testConfined.concurrent("a reload of a file with a mistake fails before the server hears of it", async () => {
  await using stage = new Stage();
  const unit = readFileSync(install(stage).service, "utf8");
  expect(unit.indexOf("ExecReload=+")).toBeLessThan(unit.indexOf("kill -HUP"));
  expect(checkScript(unit)).toInclude("srs check");
  const reload = (conf: string) => runCheck(unit, conf, process.pid);
  expect(reload(stage.write("good.toml", "listen = 1936"))).toEqual({ exitCode: 0, out: "", err: "" });
  const bad = stage.write("bad.toml", "lisen = 1936");
  const err = `${bad}:1: lisen: unknown key; did you mean "listen"?\n`;
  expect(reload(bad)).toEqual({ exitCode: 1, out: "", err });
});

testConfined.concurrent(
  "a reload looks at the file with the rights of the server's user and groups, not root's",
  async () => {
    await using stage = new Stage();
    const unit = readFileSync(install(stage).service, "utf8");
    const [nobody, group, another] = [65534, 65534, 65533];
    const command = ["setpriv", `--reuid=${nobody}`, `--regid=${group}`, `--groups=${another}`, "sleep", "60"];
    const sleeper = stage.start("sleeper", command);
    await until("it is nobody's", () => statSync(`/proc/${sleeper.pid}`).uid === nobody);
    chmodSync(stage.directory, 0o755);
    const secret = stage.write("secret.toml", "listen = 1936");
    chmodSync(secret, 0o600);
    const err = `srs: cannot read ${secret}: permission denied\n`;
    expect(runCheck(unit, secret, sleeper.pid)).toEqual({ exitCode: 1, out: "", err });
    chmodSync(secret, 0o640);
    chownSync(secret, 0, another);
    expect(runCheck(unit, secret, sleeper.pid)).toEqual({ exitCode: 0, out: "", err: "" });
  },
);

test.concurrent("a drop-in with one variable makes the unit use a file in SRS's syntax", async () => {
  await using stage = new Stage();
  const { service } = install(stage);
  const [dropin] = /Environment=CONF=\/etc\/srs\/%i\.conf/.exec(documentation) ?? [];
  mkdirSync(`${service}.d`);
  writeFileSync(`${service}.d/override.conf`, `[Service]\n${dropin}\n`);
  expect(run("systemd-analyze", "verify", "--man=no", service)).toEqual({ exitCode: 0, out: "", err: "" });
  expect(readFileSync(service, "utf8")).toMatch(
    /^Environment=CONF=\/etc\/srs\/%i\.toml\nExecStart=.* --conf \$\{CONF\}$/m,
  );
});

test.concurrent("the allocator has the variables that the unit sets and the documentation names", () => {
  const unit = readFileSync(join(folder, "srs@.service"), "utf8");
  const [, line = ""] = /^Environment=(MIMALLOC_.*)$/m.exec(unit) ?? [];
  const variables = line.split(" ");
  const { out, err } = run("env", "MIMALLOC_VERBOSE=1", ...variables, executable(), "--version");
  expect(variables).toHaveLength(2);
  for (const variable of variables) {
    const [name = "", value = ""] = variable.split("=");
    expect(`${out}${err}`).toContain(`option '${name.replace("MIMALLOC_", "").toLowerCase()}': ${value} `);
    expect(documentation).toContain(`\n${variable}\n`);
  }
});

test.concurrent("the sandbox is as restricted as the documentation says", async () => {
  await using stage = new Stage();
  const { service } = install(stage);
  const { out } = run("systemd-analyze", "security", "--offline=yes", "--no-pager", service);
  const [, version = ""] = /^systemd (\d+)/.exec(run("systemd-analyze", "--version").out) ?? [];
  const score = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(out)?.[1]);
  const [, stated] = /exposure level ([\d.]+)/.exec(documentation) ?? [];
  expect(score).toBeGreaterThan(0);
  // Another version looks at other things.
  expect(score).toBeLessThanOrEqual(version === "252" ? Number(stated) : 2);
});

/** A server under what the unit forbids, and what it tells systemd. */
async function confined(stage: Stage, env: Readonly<Record<string, string>> = {}) {
  chmodSync(stage.directory, 0o755);
  copyFileSync(executable(), stage.path("srs"));
  mkdirSync(stage.path("log"));
  chmodSync(stage.path("log"), 0o777);
  const edge = await startSrs(stage, "edge");
  const log = stage.path("log/srs.log");
  const conf = stage.write(
    "confined.toml",
    `listen = "127.0.0.1:0"\nmax_connections = 100\n[log]\nfile = "${log}"\n[vhost.__defaultVhost__]\nforward = "localhost:${edge.port}"\n`,
  );
  chmodSync(conf, 0o644);
  const name = `@srs-unit-${process.pid}-${Bun.nanoseconds()}`;
  const receiver = new NotifyReceiver(name);
  stage.defer(() => receiver[Symbol.dispose]());
  const command = [join(root, "tests/support/programs/confined.ts"), join(folder, "srs@.service"), stage.path("srs")];
  const program = stage.start("confined", [process.execPath, ...command, "--conf", conf], {
    env: { ...env, NOTIFY_SOCKET: name, WATCHDOG_USEC: "400000" },
  });
  const port = await until("it listens", () => {
    if (!program.running) throw new Error(program.tail());
    return /listening rtmp=127\.0\.0\.1:(\d+)/.exec(readLog(log))?.[1];
  });
  return { program, edge, log, port: Number(port), messages: () => receiver.messages };
}

function readLog(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function memory({ pid }: Program): string {
  return readFileSync(`/proc/${pid}/maps`, "utf8");
}

testConfined.concurrent(
  "in its sandbox a server publishes, plays, forwards to a name, reloads, reopens its log and answers the watchdog",
  async () => {
    await using stage = new Stage();
    const { program, edge, log, port, messages } = await confined(stage);
    const status = readFileSync(`/proc/${program.pid}/status`, "utf8");
    for (const line of [/^Seccomp:\t2$/m, /^CapEff:\t0+$/m, /^CapBnd:\t0+$/m, /^Uid:\t65534\t/m, /^NoNewPrivs:\t1$/m])
      expect(status).toMatch(line);
    const publisher = await Client.publish(stage, { port }, "show");
    const player = await Client.play(stage, { port }, "show");
    publisher.send(9, 0, Uint8Array.of(0x17, 1, 0, 0, 0, 1, 2, 3));
    await player.packet("the picture", ({ type }) => type === 9);
    await edge.program.line(/publish started .*stream=\/live\/show/);
    program.signal("SIGHUP");
    await until("the reload", () => readLog(log).includes("configuration reloaded"));
    renameSync(log, `${log}.1`);
    program.signal("SIGUSR1");
    await until("the new file", () => readLog(log).includes("log reopened"));
    await until("an answer to the watchdog", () => messages().includes("WATCHDOG=1"));
    // The compiler of the runtime works.
    expect(memory(program)).toMatch(/ rwxp /);
    program.signal("SIGTERM");
    expect(await program.ended()).toBe(0);
    expect(messages()).toContain("READY=1\nSTATUS=no connections");
    expect(messages()).toContain("READY=1\nSTATUS=reloaded");
    const said = messages().filter((message) => message !== "WATCHDOG=1");
    expect(said.at(-1)).toBe("STOPPING=1\nSTATUS=stopping");
  },
);

testConfined.concurrent(
  "MemoryDenyWriteExecute= would leave the runtime without its compiler, and systemd without an answer",
  async () => {
    await using stage = new Stage();
    const { program, port, log, messages } = await confined(stage, { CONFINED_MDWE: "1" });
    await Client.connect(stage, { port });
    expect(memory(program)).not.toMatch(/ rwxp /);
    expect(messages()).toEqual([]);
    expect(readLog(log)).toMatch(
      /WARN {2}systemd waits for a notification that can't be sent .*MemoryDenyWriteExecute/,
    );
    expect(readFileSync(join(folder, "srs@.service"), "utf8")).not.toMatch(/^MemoryDenyWriteExecute=/m);
  },
);

/** A server as nobody on port 443, in a network of its own, with and without the capability for it. */
async function onLowPort(stage: Stage, ...capabilities: readonly string[]): Promise<Program> {
  chmodSync(stage.directory, 0o755);
  copyFileSync(executable(), stage.path("srs"));
  const conf = stage.write("low.toml", 'listen = "127.0.0.1:443"\n');
  chmodSync(conf, 0o644);
  const account = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"];
  const server = [...account, ...capabilities, stage.path("srs"), "--conf", conf];
  return stage.start("server", ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "-", ...server]);
}

const testLowPort = namespaces && Bun.which("ip") !== null ? test : (test.skip as typeof test);
if (testLowPort !== test)
  process.stdout.write(`skipped: ${file} needs root, network namespaces and ip for low ports\n`);

testLowPort.concurrent("a port below 1024 needs one capability and nothing else, and an error says so", async () => {
  await using stage = new Stage();
  const without = await onLowPort(stage, "--bounding-set=-all", "--inh-caps=-all");
  expect(await without.ended()).toBe(1);
  expect(without.lines).toContain(
    "srs: cannot listen on 127.0.0.1:443: permission denied; a port below 1024 needs CAP_NET_BIND_SERVICE, or a socket of systemd",
  );
});

testLowPort.concurrent("with the capability that the unit's comment names, it listens there", async () => {
  await using stage = new Stage();
  const [, name = ""] =
    /^# {3}AmbientCapabilities=CAP_(\w+)$/m.exec(readFileSync(join(folder, "srs@.service"), "utf8")) ?? [];
  const given = `+${name.toLowerCase()}`;
  const server = await onLowPort(
    stage,
    `--inh-caps=-all,${given}`,
    `--ambient-caps=${given}`,
    `--bounding-set=-all,${given}`,
  );
  await server.line(/listening rtmp=127\.0\.0\.1:443/);
});
