import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../proof.ts";
import { candidates, names, versions } from "./candidates.ts";
import { Findings } from "./findings.ts";
import { Root } from "./root.ts";
import { watchAcross } from "./watch.ts";

const CONF = "/etc/srs/srs.toml";
/** A script that waits until the server with the packaged configuration answers. */
const READY = `for i in $(seq 100); do PATH=$PATH:/usr/local/bin srs status --check --conf ${CONF} 2>&1 | grep -qx ok && exit 0; sleep 0.1; done; exit 1`;
/** A script that prints the process id of the server that was started last. */
const NEWEST =
  "ls -t /proc | grep -E '^[0-9]+$' | while read p; do readlink /proc/$p/exe | grep -q '^/usr/bin/srs' && echo $p && break; done";

/** Tries the .deb in a Debian without systemd, beside an SRS, and on machines that are too old. */
export async function debWithoutSystemd(): Promise<readonly Finding[]> {
  using root = await Root.start("minimal");
  const found = new Findings(root);
  const files = names(versions.older);
  for (const name of [files.deb, names(versions.newer).deb])
    copyFileSync(join(await candidates(), name), join(root.folder, "opt", name));
  await root.run("mkdir /usr/local/srs");
  await found.run(
    "it says what happens beside an SRS",
    `dpkg -i /opt/${files.deb}`,
    /another SRS is installed \(\/usr\/local\/srs\)/,
  );
  await found.run("the account is there", "id srs", /\(srs\)/);
  await found.run("nothing was started", "! ls -l /proc/[0-9]*/exe 2>/dev/null | grep bin/srs");
  await root.run(`(setsid srs --conf ${CONF} > /opt/log 2>&1 &); ${READY}`);
  await watchAcross(root, found, "an upgrade by hand disconnects nobody", async () => {
    await found.run(
      "the upgrade says what running servers do",
      `dpkg -i /opt/${names(versions.newer).deb}`,
      /srs upgrade --conf FILE/,
    );
    const before = (await root.run(NEWEST)).said;
    await found.run("srs upgrade starts the new program", `srs upgrade --conf ${CONF}`);
    await found.run(
      "another process serves",
      `now=$(${NEWEST}); echo "process ${before}, then $now"; [ "$now" != ${before} ]`,
    );
  });
  await found.run(
    "an old processor is named",
    `${OLD_PROCESSOR}; dpkg -i /opt/${files.deb}`,
    /srs needs a processor with SSE4\.2/,
  );
  return found.list;
}

/** A script that removes SSE4.2 from the machine's list of processors. */
const OLD_PROCESSOR = "sed 's/ sse4_2//' /proc/cpuinfo > /tmp/cpuinfo && mount --bind /tmp/cpuinfo /proc/cpuinfo";
/** A script with which the system reports an old C library. */
const OLD_LIBRARY =
  "printf '#!/bin/sh\\necho glibc 2.12\\n' > /usr/local/bin/getconf && chmod 755 /usr/local/bin/getconf && PATH=/usr/local/bin:$PATH";

/** Tries the archives: complete, truncated, installed by their script, and where they can't run. */
export async function archives(): Promise<readonly Finding[]> {
  using root = await Root.start("minimal");
  const found = new Findings(root);
  const { tarball } = names(versions.newer);
  for (const name of [`${tarball}.tar.gz`, `${tarball}.tar.xz`, "SHA256SUMS"])
    copyFileSync(join(await candidates(), name), join(root.folder, "opt", name));
  const check = "cd /root && sha256sum --ignore-missing -c SHA256SUMS";
  await found.run("the checksums are right", check, /OK$/);
  await found.run("it unpacks", `cd /root && tar -xzf ${tarball}.tar.gz && ls ${tarball}`, /install\.sh/);
  await found.fails(
    "an archive that was cut short is found",
    `truncate -s -1000 /opt/${tarball}.tar.xz; ${check}`,
    /tar\.xz: FAILED/,
  );
  const install = `cd /opt/${tarball} && ./install.sh`;
  await found.fails(
    "an old C library is named",
    `${OLD_LIBRARY}; ${install}`,
    /^srs needs glibc 2\.17 .* has glibc 2\.12\.$/,
  );
  await root.run("rm /usr/local/bin/getconf");
  await found.fails(
    "an old processor is named",
    `${OLD_PROCESSOR}; ${install}; s=$?; umount /proc/cpuinfo; exit $s`,
    /^srs needs a processor with SSE4\.2/,
  );
  await found.fails(
    "another machine's program is named",
    `cd /opt/${tarball} && cp srs /opt/srs && echo no > srs && ./install.sh; s=$?; mv /opt/srs srs; exit $s`,
    /This archive is for linux-/,
  );
  await found.run("it installs, and says how to start it without systemd", install, /This system has no systemd/);
  await found.run("it starts nothing", "! ls -l /proc/[0-9]*/exe 2>/dev/null | grep bin/srs");
  await root.run(`echo '# mine' > ${CONF}`);
  await found.run("a second time it keeps the configuration", `${install} && cat ${CONF}`, /^kept .*[\s\S]+# mine$/);
  await found.run("a server starts from it", `(setsid /usr/local/bin/srs --conf ${CONF} > /opt/log 2>&1 &); ${READY}`);
  return found.list;
}
