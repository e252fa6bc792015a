import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { type Loaded, parseConfig } from "../../../../src/app/config/index.ts";
import { examinedOf } from "../../../../src/app/examine.ts";
import { UserError } from "../../../../src/base/errors.ts";
import { examine } from "../../../../src/features/doctor/examine.ts";
import type { SystemProbes } from "../../../../src/features/doctor/system-probes.ts";
import type { PortHolder } from "../../../../src/io/os/port-holder.ts";
import type { ProbeResult } from "../../../../src/relay/probe.ts";

/** A machine with one address where all ports are free, and a network where every server is a different one. */
class FakeMachine implements SystemProbes {
  readonly names = new Map<string, string | readonly string[]>();
  readonly answers = new Map<string, ProbeResult>();
  readonly taken = new Map<number, PortHolder[]>();
  readonly badFiles = new Map<string, string>();
  readonly asked: string[] = [];
  most = 0;
  #asking = 0;
  limit: string | undefined;

  async resolve(host: string): Promise<readonly string[]> {
    const found = this.names.get(host) ?? [host];
    if (typeof found === "string") throw new UserError(found);
    return found;
  }

  async probe({ host, port, tcUrl }: { host: string; port: number; tcUrl: string }): Promise<ProbeResult> {
    const address = `${host}:${port}`;
    this.most = Math.max(this.most, ++this.#asking);
    this.asked.push(tcUrl);
    await Promise.resolve();
    this.#asking--;
    return this.answers.get(address) ?? { answer: "connected", server: "srs/1.0", node: address, vhost: "", ms: 2 };
  }

  registry = async ({ host }: { host: string }) => {
    if (host === "full") return { state: "it refuses what a node writes: OOM", advice: "free memory there" };
    return { state: "Redis 7.0.15, 3 nodes there", advice: undefined };
  };
  dial: (...asked: unknown[]) => Promise<string | undefined> = async () => undefined;
  ownAddresses = () => new Set(["10.0.0.5"]);

  listenProblem({ host, port }: { host: string; port: number }) {
    if (this.taken.has(port)) return { taken: true, reason: "address already in use" };
    return host === "10.9.9.9" ? { taken: false, reason: "address not available on this machine" } : undefined;
  }

  portHolders = (port: number) => this.taken.get(port) ?? [];
  fileProblem = (path: string) => this.badFiles.get(path);
  openFilesProblem = () => this.limit;
  rules: string[] = [];
  ruleProblems = () => this.rules;
  isSamePath = (one: string, other: string) => resolve(one) === resolve(other);
}

function look(toml: string, prepare: (probes: FakeMachine) => void = () => undefined, probes = new FakeMachine()) {
  prepare(probes);
  const loaded: Loaded = {
    config: parseConfig(toml, "x.toml"),
    warnings: [],
    origin: (path) => `x.toml:${path.length}`,
  };
  return examine(examinedOf(loaded), "conf/x.toml", probes).then((examination) => ({ ...examination, probes }));
}

const forwarding = (...targets: string[]) => `[vhost.__defaultVhost__]\nforward = ${JSON.stringify(targets)}`;
const problem = (name: string, text: string) => `vhost.__defaultVhost__.forward ${name} (x.toml:4): ${text}`;

test("the examination draws the configuration, with the finding at each resource", async () => {
  const toml = `listen = [1935, "10.9.9.9:1936"]\npid = "/run/srs.pid"\n${forwarding("edge-1", "rtmp://edge-2/live/secret")}\n[vhost.b]`;
  const { topology, problems } = await look(toml, (probes) => {
    probes.answers.set("edge-2:1935", { answer: "none", reason: "connection refused" });
  });
  expect(topology).toBe(`conf/x.toml
├─ listen *:1935                        free
├─ listen 10.9.9.9:1936                 ✗ address not available on this machine
├─ pid /run/srs.pid                     fine
├─ vhost __defaultVhost__
│  ├─> forward edge-1                   srs/1.0, 2 ms
│  └─> forward rtmp://edge-2/live/***   ✗ connection refused
└─ vhost b`);
  expect(problems).toEqual([
    "listen 10.9.9.9:1936 (x.toml:2): address not available on this machine; write an address that this machine has, or the port alone for all of them",
    problem("rtmp://edge-2/live/***", "connection refused; is the server there started, and on this port?"),
  ]);
});

test("the examination covers HTTP's ports, files and certificates", async () => {
  const toml = `[http_server]
listen = 8080
dir = "/var/www"
[http_server.tls]
listen = "10.9.9.9:8443"
cert = "/etc/tls/a.pem"`;
  const { topology, problems } = await look(toml, (probes) => {
    probes.badFiles.set("/var/www", "no such file").set("/etc/tls/a.pem", "permission denied");
  });
  expect(topology.split("\n").slice(1, 6)).toEqual([
    "├─ listen *:1935                          free",
    "├─ http_server.listen *:8080              free",
    "├─ http_server.tls.listen 10.9.9.9:8443   ✗ address not available on this machine",
    "├─ http_server.dir /var/www               ✗ no such file",
    "├─ http_server.tls.cert /etc/tls/a.pem    ✗ permission denied",
  ]);
  expect(problems).toHaveLength(3);
});

test("the examination covers the registry's servers, without showing their passwords", async () => {
  const toml = '[cluster]\nregistry = ["redis://me:secret@r", "redis://full"]\nadvertise = "rtmp://a"';
  const { topology, problems } = await look(toml);
  expect(topology).toContain("─ cluster.registry redis://me:***@r   Redis 7.0.15, 3 nodes there");
  expect(topology).toContain("─ cluster.registry redis://full       ✗ it refuses what a node writes: OOM");
  expect(problems).toEqual([
    "cluster.registry redis://full (x.toml:3): it refuses what a node writes: OOM; free memory there",
  ]);
});

describe("a target", () => {
  test("is queried with its own vhost and app, a few targets at a time", async () => {
    const targets = Array.from({ length: 30 }, (_, at) => `edge-${at}`);
    const { probes, problems } = await look(
      `[vhost."a.com"]\nforward = ${JSON.stringify([...targets, "rtmp://cdn/app/x"])}`,
    );
    expect(problems).toEqual([]);
    expect(probes.most).toBe(8);
    expect(probes.asked).toContain("rtmp://a.com:1935/live");
    expect(probes.asked).toContain("rtmp://cdn:1935/app");
    expect(probes.asked).toHaveLength(31);
  });

  test("and an origin are queried with the vhosts that streams go to and come from", async () => {
    const { probes } = await look(
      `[vhost."a.com"]\nforward = "target"\n[vhost."a.com".edge]\norigin = ["bare", "rtmp://own/live/[stream]"]\nvhost = "up.[vhost]"`,
    );
    expect(probes.asked.toSorted()).toEqual([
      "rtmp://a.com:1935/live",
      "rtmp://own:1935/live",
      "rtmp://up.a.com:1935/live",
    ]);
  });

  test("whose name has no address is reported with the name", async () => {
    const { problems, probes } = await look(forwarding("edge"), (probes) =>
      probes.names.set("edge", "host name not found"),
    );
    expect(problems).toEqual([problem("edge", "host name not found; check the name, and the machine's DNS")]);
    expect(probes.asked).toEqual([]);
  });

  test("that refuses is reported with its own text", async () => {
    const { problems } = await look(forwarding("edge"), (probes) => {
      probes.answers.set("edge:1935", { answer: "refused", reason: "NetConnection.Connect.Rejected, no such vhost" });
    });
    expect(problems).toEqual([
      problem(
        "edge",
        "it refuses to connect: NetConnection.Connect.Rejected, no such vhost; see its log, and which vhosts and apps it serves",
      ),
    ]);
  });
});

describe("a loop", () => {
  const itself = "it is this server itself; a stream cannot go round; name another server";

  test("to an address and port of this server is found without dialling", async () => {
    const names = (probes: FakeMachine) => probes.names.set("me", ["192.0.2.1", "10.0.0.5"]);
    const { problems, probes } = await look(forwarding("127.0.0.1", "me", "127.0.0.1:1936"), names);
    expect(problems).toEqual([problem("127.0.0.1", itself), problem("me", itself)]);
    expect(probes.asked).toHaveLength(1);
  });

  test("through a name that leads back here is found by the running server's id", async () => {
    const { problems } = await look(forwarding("balancer"), (probes) => {
      probes.taken.set(1935, [{ pid: 7, name: "srs", command: ["./srs", "--conf", "conf/x.toml"] }]);
      probes.answers.set("127.0.0.1:1935", { answer: "connected", server: "srs", node: "n1", vhost: "", ms: 1 });
      probes.answers.set("balancer:1935", { answer: "connected", server: "srs", node: "n1", vhost: "", ms: 1 });
    });
    expect(problems).toEqual([
      problem("balancer", "it leads back to this server itself; a stream cannot go round; name another server"),
    ]);
  });

  test("of two names for one server is reported at the second", async () => {
    const { problems } = await look(forwarding("a", "b", "c"), (probes) => {
      for (const name of ["a", "c"]) {
        probes.answers.set(`${name}:1935`, { answer: "connected", server: "srs", node: "n1", vhost: "", ms: 1 });
      }
    });
    expect(problems).toEqual([
      problem("c", "it is the same server as a; it accepts a stream once; remove one of them"),
    ]);
  });
});

describe("two vhosts that forward to one server", () => {
  const toml = '[vhost.a]\nforward = "edge"\n[vhost.b]\nforward = "edge"';
  const advice = "of two streams with one name the second is refused;";

  test("are a problem where one of its vhosts serves both", async () => {
    const { problems } = await look(toml, (probes) =>
      probes.answers.set("edge:1935", {
        answer: "connected",
        server: "srs/1.0",
        node: "n1",
        vhost: "__defaultVhost__",
        ms: 1,
      }),
    );
    expect(problems).toEqual([
      `vhost.b.forward edge (x.toml:4): its vhost __defaultVhost__ serves this vhost and vhost a, which forwards there, too; ${advice} add the vhosts to that server, or write rtmp://edge:1935/[vhost]-[app]`,
    ]);
  });

  test("are a problem where it has no vhosts", async () => {
    const server = "FMS/3,0,1,123";
    const { problems } = await look(toml, (probes) =>
      probes.answers.set("edge:1935", { answer: "connected", server, node: "", vhost: "", ms: 1 }),
    );
    expect(problems).toEqual([
      `vhost.b.forward edge (x.toml:4): it has no vhosts, and vhost a forwards there, too; ${advice} write rtmp://edge:1935/[vhost]-[app]`,
    ]);
  });

  test("are no problem if it has vhosts, does not say, or gets the streams' names from the target", async () => {
    expect((await look(toml)).problems).toEqual([]);
    class OwnVhosts extends FakeMachine {
      override async probe(target: { host: string; port: number; tcUrl: string }): Promise<ProbeResult> {
        const vhost = new URL(target.tcUrl.replace("rtmp:", "http:")).hostname;
        return { answer: "connected", server: "srs/1.0", node: "n1", vhost, ms: 1 };
      }
    }
    expect((await look(toml, undefined, new OwnVhosts())).problems).toEqual([]);
    const named = toml.replaceAll('"edge"', '"rtmp://edge/[vhost]"');
    const one = (probes: FakeMachine) =>
      probes.answers.set("edge:1935", { answer: "connected", server: "srs", node: "n1", vhost: "v", ms: 1 });
    expect((await look(named, one)).problems).toEqual([]);
  });
});

test("a hook's back end is dialled, and may be a server that streams come from", async () => {
  const vhost = "[vhost.__defaultVhost__]";
  const { problems, probes } = await look(
    `${vhost}\nforward = "f"\n[vhost.__defaultVhost__.edge]\norigin = "http://o1:8080"\n[vhost.__defaultVhost__.http_hooks]\non_play = ["http://o1:8080/a", "http://o1:8080/b", "http://f:1935/c"]`,
    (machine) => {
      machine.dial = async (...asked: unknown[]) => void machine.asked.push(asked.slice(0, 2).join(":"));
    },
  );
  expect(problems).toEqual([]);
  expect(probes.asked.filter((asked) => asked === "o1:8080").length).toBe(3);
});

test("a target that is also an origin is reported as a loop", async () => {
  const edge = '[vhost.__defaultVhost__.edge]\norigin = ["o1", "http://o2/[app]/[stream].flv?key=hush"]';
  const { topology, problems, probes } = await look(`listen = 0\n${forwarding("o1", "other")}\n${edge}`, (probes) => {
    probes.answers.set("other:1935", { answer: "connected", server: "srs", node: "o1:1935", vhost: "", ms: 1 });
  });
  expect(topology).toBe(`conf/x.toml
└─ vhost __defaultVhost__
   ├─> forward o1                                     ✗ it is the server that streams come from
   ├─> forward other                                  ✗ it is the same server as o1
   ├<─ edge.origin o1                                 srs/1.0, 2 ms
   └<─ edge.origin http://o2/[app]/[stream].flv?***   connects`);
  expect(problems).toEqual([
    problem(
      "o1",
      "it is the server that streams come from; what comes from o1 would go back to it; remove one of them",
    ),
    problem("other", "it is the same server as o1; it accepts a stream once; remove one of them"),
  ]);
  expect(probes.asked).toHaveLength(3);
});

describe("a port", () => {
  test("that another program has is reported with the program", async () => {
    const { problems } = await look("listen = 1935", (probes) =>
      probes.taken.set(1935, [{ pid: 12, name: "nginx", command: ["nginx", "-g", "x"] }]),
    );
    expect(problems).toEqual([
      "listen *:1935 (x.toml:2): taken by nginx, pid 12; stop that one, or choose another port",
    ]);
  });

  test("whose program can't be seen is reported as well", async () => {
    const { problems } = await look("listen = 1935", (probes) => probes.taken.set(1935, []));
    expect(problems[0]).toInclude("taken by a process that only root can see");
  });

  test.each([[["./srs", "-c", "conf/x.toml"]], [["./srs", "-cconf/x.toml"]], [["./srs", "--conf=./conf/x.toml"]]])(
    "that the server of the same file uses is no problem: %p",
    async (command) => {
      const { problems, topology } = await look("listen = 1935", (probes) =>
        probes.taken.set(1935, [{ pid: 7, name: "srs", command }]),
      );
      expect(problems).toEqual([]);
      expect(topology).toInclude("in use by the server of this file, pid 7");
    },
  );

  test("that systemd keeps for a socket unit is no problem, alone or with the server that it started", async () => {
    const systemd = { pid: 1, name: "systemd", command: ["/sbin/init"] };
    const server = { pid: 7, name: "srs", command: ["srs", "--conf", "conf/x.toml"] };
    const alone = await look("listen = 1935", (probes) => probes.taken.set(1935, [systemd]));
    expect(alone.problems).toEqual([]);
    const both = await look("listen = 1935", (probes) => probes.taken.set(1935, [systemd, server]));
    expect(both.topology).toInclude("in use by the server of this file, pid 7");
  });

  test("that the system chooses is not examined", async () => {
    expect((await look("listen = 0")).topology).toBe("conf/x.toml\n└─ vhost __defaultVhost__");
  });
});

test("a file that could not be written and a limit that is too low are reported", async () => {
  const { problems } = await look('log.file = "/x/y.log"', (probes) => {
    probes.badFiles.set("/x/y.log", "there is no directory /x");
    probes.limit = "max_connections = 1000 needs 1256 open files";
  });
  expect(problems).toEqual([
    "log.file /x/y.log (x.toml:2): there is no directory /x; create it, or give this user access to it",
    "max_connections = 1000 needs 1256 open files",
  ]);
});

test("errors between keys that belong together are problems, too, and an rtmps:// target is dialled over TLS", async () => {
  const { problems, probes } = await look(forwarding("rtmps://a.example/app/key"), (probes) =>
    probes.rules.push("no key"),
  );
  expect([problems, probes.asked]).toEqual([["no key"], ["rtmps://a.example:443/app"]]);
});
