// Docker and Podman in a Debian of their own, with stand-ins for the images of registries.
import { copyFileSync, cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { must } from "../../../scripts/release/must.ts";
import { root as repository } from "../../../scripts/run.ts";
import { librariesOf } from "../../../tests/support/container/image.ts";
import { builtExecutable, scratchFolder } from "../../command.ts";
import { Root } from "./root.ts";

/** A stand-in for an image: programs of this machine with the libraries that they load, and further content. */
interface StandIn {
  readonly programs: readonly string[];
  readonly fill?: (folder: string) => Promise<void>;
  readonly entrypoint?: readonly string[];
}

const STAND_INS: Readonly<Record<string, StandIn>> = {
  "docker.io/library/node:24-bookworm-slim": {
    programs: ["node", "sh", "env", "mkdir", "mv"],
    fill: addNpm,
  },
  "docker.io/library/redis:7-alpine": {
    programs: ["redis-server", "redis-cli", "sh"],
    // Redis's image admits other hosts; the program alone does not.
    entrypoint: ["sh", "-c", 'exec "$@" --protected-mode no', "sh"],
  },
  "gcr.io/distroless/base-nossl-debian12:latest": {
    programs: [],
    fill: async (folder) => {
      addLibraries(folder, builtExecutable());
      cpSync("/usr/share/zoneinfo", join(folder, "usr/share/zoneinfo"), { recursive: true });
    },
  },
};
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

let started: Promise<Root> | undefined;

/** The system with both engines, started once: with a clone of the last commit in /srv/clone, and the stand-ins in both engines. */
export function engines(): Promise<Root> {
  started ??= start();
  return started;
}

async function start(): Promise<Root> {
  const root = await Root.start("engines");
  const clone = join(root.folder, "srv/clone");
  await must(["git", "clone", "--quiet", repository, clone]);
  // Control groups have no controllers here, as this machine's may belong to an older hierarchy.
  mkdirSync(join(root.folder, "etc/containers"), { recursive: true });
  const settings = '[containers]\npids_limit = 0\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n';
  writeFileSync(join(root.folder, "etc/containers/containers.conf"), settings);
  for (const [tag, standIn] of Object.entries(STAND_INS)) {
    await must(["tar", "-cf", join(root.folder, "srv/image.tar"), "-C", await makeFolder(standIn), "."]);
    const entrypoint = standIn.entrypoint === undefined ? "" : ` -c 'ENTRYPOINT ${JSON.stringify(standIn.entrypoint)}'`;
    for (const engine of ["docker", "podman"]) {
      const { status, said } = await root.run(
        `${engine} import -c 'ENV PATH=${PATH}'${entrypoint} /srv/image.tar ${tag}`,
      );
      if (status !== 0) throw new Error(`${engine} does not import a stand-in for ${tag}: ${said}`);
    }
  }
  return root;
}

async function makeFolder({ programs, fill }: StandIn): Promise<string> {
  const folder = scratchFolder("image");
  for (const name of ["bin", "etc", "proc", "root", "tmp", "usr/bin"])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  for (const name of programs) {
    const found = Bun.which(name);
    if (found === null) throw new Error(`${name} is not installed`);
    copyFileSync(realpathSync(found), join(folder, "usr/bin", name));
    addLibraries(folder, found);
  }
  if (programs.includes("sh")) symlinkSync("../usr/bin/sh", join(folder, "bin/sh"));
  await fill?.(folder);
  return folder;
}

function addLibraries(folder: string, program: string): void {
  for (const library of librariesOf(program)) {
    mkdirSync(dirname(join(folder, library)), { recursive: true });
    copyFileSync(library, join(folder, library));
  }
}

/** Adds npm and a cache with this project's packages, as the system has no network. */
async function addNpm(folder: string): Promise<void> {
  const npm = Bun.which("npm");
  if (npm === null) throw new Error("npm is not installed");
  cpSync(join(dirname(realpathSync(npm)), ".."), join(folder, "usr/lib/node_modules/npm"), { recursive: true });
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(folder, "usr/bin/npm"));
  const aside = scratchFolder("packages");
  for (const name of ["package.json", "package-lock.json", ".npmrc"])
    copyFileSync(join(repository, name), join(aside, name));
  const cache = join(folder, "root/.npm");
  await must(["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--prefix", aside, "--cache", cache]);
  const registry = (await must(["npm", "config", "get", "registry"])).trim();
  writeFileSync(join(folder, "root/.npmrc"), `offline=true\nupdate-notifier=false\nregistry=${registry}\n`);
}
