// The package for Fedora, RHEL and their relatives, by rpmbuild.
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { installScript, type Release, source, write } from "./documents.ts";
import { must } from "./must.ts";
import { configFiles, filesBelow, makeSystemTree } from "./system-tree.ts";

/** Makes srs-VERSION-1.ARCH.rpm in `to`. */
export async function makeRpm(
  arch: "x86_64" | "aarch64",
  program: string,
  release: Release,
  { to, work }: { readonly to: string; readonly work: string },
): Promise<void> {
  const [top, tree] = [join(work, `rpm-${arch}`), join(work, `tree-${arch}`)];
  await makeSystemTree(tree, program, release, "usr/lib/systemd/system");
  write(join(tree, "usr/share/licenses/srs"), { LICENSE: source("LICENSE") });
  write(top, { "srs.spec": spec(release, tree) });
  const defines = [
    `_topdir ${top}`,
    "_buildhost localhost",
    "use_source_date_epoch_as_buildtime 1",
    "clamp_mtime_to_source_date_epoch 1",
  ];
  const flags = defines.flatMap((define) => ["--define", define]);
  await must(["rpmbuild", "-bb", "--quiet", "--target", `${arch}-linux`, ...flags, join(top, "srs.spec")], {
    SOURCE_DATE_EPOCH: String(release.seconds),
  });
  for (const name of readdirSync(join(top, "RPMS", arch))) cpSync(join(top, "RPMS", arch, name), join(to, name));
}

function spec({ version, quick }: Release, tree: string): string {
  const files = filesBelow(tree).map((path) => {
    return `${(configFiles as readonly string[]).includes(path) ? "%config(noreplace) " : ""}"${path}"`;
  });
  return `%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%define _binary_payload ${quick ? "w1.gzdio" : "w6.xzdio"}
Name: srs
Version: ${version.replaceAll("-", "~")}
Release: 1
Summary: RTMP server for live clusters
License: MIT
AutoReqProv: no
Requires: glibc >= 2.17
%description
Publish a stream once, forward it to every edge, and play it from any edge,
by RTMP, HTTP-FLV, MPEG-TS, WebSocket and HLS.
%install
cp -a ${tree}/. %{buildroot}/
%pre
${macroSafe("before-install")}
%post
upgrade=; if [ "$1" -gt 1 ]; then upgrade=yes; fi
${macroSafe("after-install")}
%preun
[ "$1" = 0 ] || exit 0
${macroSafe("before-removal")}
%postun
${macroSafe("after-removal")}
%files
%dir "/etc/srs"
${files.join("\n")}
`;
}

/** A script in which rpmbuild finds no macros. */
function macroSafe(name: string): string {
  return installScript(name).replaceAll("%", "%%");
}
