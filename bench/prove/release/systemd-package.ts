import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../proof.ts";
import { candidates, names, versions } from "./candidates.ts";
import { Findings } from "./findings.ts";
import { Root } from "./root.ts";
import { watchAcross } from "./watch.ts";

/** The commands of a package manager. */
interface Manager {
  readonly kind: "deb" | "rpm";
  install(file: string): string;
  upgrade(file: string): string;
  readonly remove: string;
  /** The path of a changed configuration after the removal. */
  readonly kept: string;
}

const dpkg: Manager = {
  kind: "deb",
  install: (file) => `dpkg -i ${file}`,
  upgrade: (file) => `dpkg -i ${file}`,
  remove: "dpkg -r srs",
  kept: "/etc/srs/srs.toml",
};
const rpm: Manager = {
  kind: "rpm",
  install: (file) => `rpm -i ${file}`,
  upgrade: (file) => `rpm -U ${file}`,
  remove: "rpm -e srs",
  kept: "/etc/srs/srs.toml.rpmsave",
};

/** Tries the .deb in a Debian with systemd. */
export async function debUnderSystemd(): Promise<readonly Finding[]> {
  using root = await Root.start("systemd");
  const found = new Findings(root);
  await liveWith(root, found, dpkg);
  await found.run(
    "a purge removes the configuration and leaves recordings",
    `dpkg -P srs && [ ! -e /etc/srs ] && ${RECORDED}`,
  );
  return found.list;
}

/** Tries the .rpm in a Debian with systemd and rpm, where a stand-in package provides the C library. */
export async function rpmUnderSystemd(): Promise<readonly Finding[]> {
  using root = await Root.start("systemd");
  const found = new Findings(root);
  const file = await bring(root, "rpm", versions.older);
  await found.fails(
    "a system without glibc is told what is missing",
    `rpm -i ${file}`,
    /glibc >= 2\.17 is needed by srs/,
  );
  await root.run(GLIBC_STAND_IN);
  await liveWith(root, found, rpm);
  return found.list;
}

const RECORDED = "[ -s /var/lib/srs/show.flv ]";
const GLIBC_STAND_IN = `mkdir -p /tmp/s && cd /tmp/s
printf '%s\\n' 'Name: glibc' 'Version: 2.36' 'Release: 1' 'Summary: what is there' 'License: LGPL' 'Provides: /bin/sh' '%description' 'x' '%files' > s.spec
rpmbuild -bb --quiet --define '_topdir /tmp/s' s.spec && rpm -i RPMS/*/*.rpm`;

/** Copies a version's package into the system; returns its path there. */
async function bring(root: Root, kind: "deb" | "rpm", version: string): Promise<string> {
  const name = names(version)[kind];
  copyFileSync(join(await candidates(), name), join(root.folder, "opt", name));
  return `/opt/${name}`;
}

/** Installs the older version, serves with it, upgrades to the newer one while players watch, and removes it. */
async function liveWith(root: Root, found: Findings, { kind, install, upgrade, remove, kept }: Manager): Promise<void> {
  const [older, newer] = [await bring(root, kind, versions.older), await bring(root, kind, versions.newer)];
  await found.run("it installs", install(older));
  await found.run(
    "it starts nothing",
    "systemctl show -P ActiveState srs@srs; systemctl is-enabled srs@srs; true",
    /^inactive\ndisabled$/,
  );
  await found.run("the account is there", "id srs", /\(srs\)/);
  const shared = [
    "man/man1/srs.1.gz",
    "bash-completion/completions/srs",
    "srs/srs.schema.json",
    "doc/srs/examples/full.toml",
  ];
  await found.run("man page, completions, schema and examples are there", `cd /usr/share && ls ${shared.join(" ")} `);
  await root.run("printf '\\n# the operator wrote this\\n' >> /etc/srs/srs.toml");
  await found.run("the unit runs it", "systemctl enable --now srs@srs && systemctl is-active srs@srs", /active$/);
  await found.run("commands find the running server", "srs status --check --conf /etc/srs/srs.toml", /^ok$/);
  await root.run("echo recorded > /var/lib/srs/show.flv");
  await watchAcross(root, found, "an upgrade disconnects nobody", async () => {
    const before = await root.run("systemctl show -P MainPID srs@srs");
    await found.run("it is upgraded", upgrade(newer));
    await found.run(
      "the new program takes the running one's place by itself",
      `for i in $(seq 100); do now=$(systemctl show -P MainPID srs@srs); [ "$now" != ${before.said} ] && [ "$now" != 0 ] && break; sleep 0.2; done
echo "process ${before.said}, then $now"; systemctl is-active srs@srs && [ "$now" != ${before.said} ]`,
      /active$/,
    );
  });
  await found.run("the changed configuration is kept", "grep -c 'the operator wrote this' /etc/srs/srs.toml", /^1$/);
  await found.run("it is removed", remove);
  await found.run(
    "the removal stops the server",
    "systemctl is-active srs@srs; ! ls /proc/[0-9]*/exe -l 2>/dev/null | grep bin/srs",
  );
  await found.run(
    "and leaves configuration and recordings",
    `[ ! -e /usr/bin/srs ] && grep -q operator ${kept} && ${RECORDED} && echo ${kept}`,
  );
}
