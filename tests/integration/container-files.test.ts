import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sources } from "../../scripts/current-build.ts";
import { loadConfig } from "../../src/app/config/index.ts";
import { composeFile } from "../support/container/compose.ts";
import { readDockerfile } from "../support/container/dockerfile.ts";
import { dockerfile } from "../support/container/image.ts";

const root = join(import.meta.dir, "../..");
const textOf = (path: string) => readFileSync(join(root, path), "utf8");
const portsOf = ({ listen, http_server }: ReturnType<typeof loadConfig>["config"]) =>
  [...listen, ...http_server.listen].map(({ port }) => port);

describe("the Dockerfile", () => {
  const plan = dockerfile();

  test("runs the executable, without a shell and without root, on a base without either", () => {
    expect(plan.base).toStartWith("gcr.io/distroless/");
    expect(plan.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(plan.entrypoint).toEqual(["/usr/bin/srs"]);
    expect(plan.healthcheck).toEqual(["/usr/bin/srs", "status", "--check"]);
    const copied = plan.copies.map(({ to }) => to);
    expect(copied).toContain("/usr/bin/srs");
    expect(plan.cmd).toEqual(["--conf", "/etc/srs/srs.toml"]);
    expect(copied).toContain("/etc/srs/srs.toml");
  });

  test("names the ports that its configuration has, and has the pid file in its volume, which is its user's", () => {
    const config = plan.copies.find(({ to }) => to === "/etc/srs/srs.toml")?.source ?? "";
    const loaded = loadConfig(join(root, config), plan.env);
    expect(loaded.warnings).toEqual([]);
    expect(portsOf(loaded.config)).toEqual([...plan.ports]);
    const [volume = ""] = plan.volumes;
    expect(loaded.config.pid).toStartWith(`${volume}/`);
    expect(plan.copies.find(({ to }) => to === volume)?.owner).toBe(plan.user);
  });

  test("gets the files that it copies and builds from, and no others", () => {
    const lines = textOf(".dockerignore")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines[0]).toBe("*");
    const given = lines.slice(1).map((line) => line.replace(/^!/, ""));
    const named = [".git/HEAD", ".git/packed-refs", ".git/refs/heads"];
    expect(given.filter((path) => !named.includes(path) && !existsSync(join(root, path)))).toEqual([]);
    const isGiven = (path: string) => given.some((each) => path === each || path.startsWith(`${each}/`));
    const copied = plan.copies.flatMap(({ from, source }) => (from === undefined ? [source] : []));
    expect([...sources, "scripts/bun.mjs", "tsconfig.json", ...copied].filter((path) => !isGiven(path))).toEqual([]);
  });
});

test("the image with FFmpeg that docs/container.md shows differs from the Dockerfile's by its base and its copies", () => {
  const [, block = ""] = /^```dockerfile\n(.*?)^```$/ms.exec(textOf("docs/container.md")) ?? [];
  const shown = readDockerfile(block.replace(/^RUN .*\n/m, ""));
  const { base, before, ports, copies, ...same } = dockerfile();
  expect(shown).toMatchObject(same);
  expect(shown.copies.map(({ to }) => to)).toEqual(["/usr/bin/srs", "/etc/srs", "/run/srs"]);
  expect([base, shown.base]).toEqual([
    "gcr.io/distroless/base-nossl-debian12",
    "docker.io/library/debian:bookworm-slim",
  ]);
});

describe("compose.yaml", () => {
  const { compose, text } = composeFile();
  const services = Object.entries(compose.services);
  const servers = services.filter(([, { command }]) => command[0] === "--conf");
  const configOf = (name: string) => {
    const { volumes = [], command = [], environment = {} } = compose.services[name] ?? {};
    const [folder = "", target = ""] = volumes[0]?.split(":") ?? [];
    const file = (command[1] ?? "").replace(target, folder);
    return loadConfig(join(root, file), { ...dockerfile().env, ...environment });
  };

  test("has an origin, two edges, Redis and a picture", () => {
    expect(services.map(([name]) => name)).toEqual(["redis", "origin", "edge-1", "edge-2", "picture"]);
    expect(servers.map(([name]) => name)).toEqual(["origin", "edge-1", "edge-2"]);
  });

  test.each(servers.map(([name]) => name))(
    "gives %s a configuration without mistakes, whose names are services",
    (name) => {
      const { config, warnings } = configOf(name);
      expect(warnings).toEqual([]);
      expect(config.cluster.registry.map(({ host }) => host)).toEqual(["redis"]);
      expect(config.cluster.advertise).toEqual([`rtmp://${name}:${config.listen[0]?.port}`]);
      const inside = (compose.services[name]?.ports ?? []).map((port) => Number(port.split(":")[1]));
      expect(inside.filter((port) => !portsOf(config).includes(port))).toEqual([]);
    },
  );

  test("starts each service after those that it needs are healthy", () => {
    for (const [name, { depends_on = {} }] of services)
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        const { image, healthcheck } = compose.services[needed] ?? {};
        const hasCheck = healthcheck?.test !== undefined || (image === "srs" && healthcheck?.disable !== true);
        expect([name, needed, condition, hasCheck]).toEqual([name, needed, "service_healthy", true]);
      }
    expect(Object.keys(compose.services.picture?.depends_on ?? {})).toEqual(["origin"]);
    expect(compose.services.picture?.command).toContain("rtmp://origin/live/livestream");
  });

  test("builds the image once, and pulls none of its name", () => {
    const own = services.filter(([, { image }]) => image === "srs");
    expect(own.map(([, { build, pull_policy }]) => [build, pull_policy])).toEqual([
      [".", "build"],
      ...Array.from({ length: own.length - 1 }, () => [undefined, "never"]),
    ]);
  });

  test("says where to watch, at ports that it publishes", () => {
    const said = [...text.matchAll(/^#.*/gm)].flatMap(([line]) =>
      [...line.matchAll(/localhost:(\d+)/g)].map(([, port]) => port),
    );
    const published = ["edge-1", "edge-2"].flatMap((name) => compose.services[name]?.ports ?? []);
    expect(said.map((port) => `${port}:8080`).filter((pair) => !published.includes(pair))).toEqual([]);
    expect(said).toHaveLength(2);
  });
});
