// The package for Debian and Ubuntu, by dpkg-deb.
import { chmodSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Files, installScript, type Release, source, write } from "./documents.ts";
import { must } from "./must.ts";
import { configFiles, filesBelow, makeSystemTree } from "./system-tree.ts";

/** Makes srs_VERSION_ARCH.deb in `to`. */
export async function makeDeb(
  arch: "amd64" | "arm64",
  program: string,
  release: Release,
  { to, work }: { readonly to: string; readonly work: string },
): Promise<void> {
  const folder = join(work, `deb-${arch}`);
  const { version, seconds } = release;
  await makeSystemTree(folder, program, release, "lib/systemd/system");
  const doc = "usr/share/doc/srs";
  write(folder, {
    [`${doc}/copyright`]: source("scripts/release/files/copyright"),
    [`${doc}/changelog`]: changelog(version, seconds),
    "usr/share/lintian/overrides/srs": source("scripts/release/files/lintian-overrides"),
  });
  await must(["gzip", "-9n", join(folder, doc, "changelog")]);
  const installed = filesBelow(folder).reduce(
    (sum, path) => sum + Math.ceil(statSync(join(folder, path)).size / 1024),
    0,
  );
  write(join(folder, "DEBIAN"), {
    control: control(version, arch, installed),
    conffiles: configFiles.map((path) => `${path}\n`).join(""),
    md5sums: filesBelow(folder)
      .filter((path) => !path.startsWith("/etc/") && !path.startsWith("/DEBIAN/"))
      .map((path) => path.slice(1))
      .join("\n"),
  });
  await must([
    "sh",
    "-c",
    'cd "$1" && xargs md5sum < DEBIAN/md5sums > DEBIAN/sums && mv DEBIAN/sums DEBIAN/md5sums',
    "sh",
    folder,
  ]);
  for (const [name, text] of Object.entries(scripts())) {
    write(join(folder, "DEBIAN"), { [name]: `#!/bin/sh\nset -e\n${text}` });
    chmodSync(join(folder, "DEBIAN", name), 0o755);
  }
  const packing = release.quick ? ["-Zgzip", "-z1"] : ["-Zxz", "-z6", "--threads-max=1"];
  await must(
    ["dpkg-deb", "--root-owner-group", ...packing, "--build", folder, join(to, `srs_${version}_${arch}.deb`)],
    { SOURCE_DATE_EPOCH: String(seconds) },
  );
}

function scripts(): Files {
  return {
    preinst: installScript("before-install"),
    postinst: `[ "$1" = configure ] || exit 0\nupgrade=$2\n${installScript("after-install")}`,
    prerm: `[ "$1" = remove ] || exit 0\n${installScript("before-removal")}`,
    postrm: installScript("after-removal"),
  };
}

function control(version: string, arch: string, kilobytes: number): string {
  return `Package: srs
Version: ${version}
Architecture: ${arch}
Maintainer: The srs authors <maintainers@srs.example>
Installed-Size: ${kilobytes}
Depends: libc6 (>= 2.17)
Recommends: systemd, logrotate
Suggests: ffmpeg
Section: video
Priority: optional
Description: RTMP server for live clusters
 Publish a stream once, forward it to every edge, and play it from any edge,
 by RTMP, HTTP-FLV, MPEG-TS, WebSocket and HLS. One executable is origin,
 edge and load generator; it reads the configuration files of SRS, too.
`;
}

function changelog(version: string, seconds: number): string {
  const date = new Date(seconds * 1000).toUTCString().replace("GMT", "+0000");
  return `srs (${version}) unstable; urgency=medium

  * Release ${version}; see CHANGELOG.md of the sources.

 -- The srs authors <maintainers@srs.example>  ${date}
`;
}
