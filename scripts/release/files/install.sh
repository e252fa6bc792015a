#!/bin/sh
# Installs srs from this folder below /usr/local, or says why it would not run here. It starts nothing, and keeps a configuration.
set -eu
cd "$(dirname "$0")"
@lacks@
missing=$(lacks)
if [ -n "$missing" ]; then
  echo "$missing" >&2
  exit 1
fi
if ! answer=$(./srs version 2>&1); then
  echo "srs does not run here: $answer" >&2
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc="a C library other than glibc"
  echo "This archive is for @target@, and this machine is $(uname -s) on $(uname -m), with $libc." >&2
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  echo "$answer runs here. To install it, run $0 as root." >&2
  exit 1
fi
to=${DESTDIR:-}/usr/local
mkdir -p "$to/bin" "$to/share/man/man1" "${DESTDIR:-}/etc/srs"
# Renamed into place: a running server keeps its file, and nobody runs half of a file.
cp srs "$to/bin/.srs.new"
mv "$to/bin/.srs.new" "$to/bin/srs"
cp share/man/man1/srs.1 "$to/share/man/man1/"
conf=${DESTDIR:-}/etc/srs/srs.toml
if [ -e "$conf" ]; then echo "kept $conf"; else cp conf/origin.toml "$conf"; fi
echo "installed $answer as $to/bin/srs"
if command -v systemctl >/dev/null; then
  mkdir -p "${DESTDIR:-}/etc/systemd/system"
  cp systemd/srs@.service systemd/srs@.socket "${DESTDIR:-}/etc/systemd/system/"
  echo "Start it:       systemctl daemon-reload && systemctl enable --now srs@srs"
  echo "If an older version runs:  systemctl reload srs@srs (nobody is disconnected)"
else
  echo "This system has no systemd. Start the server:  $to/bin/srs --conf $conf"
  echo "If an older version runs:  $to/bin/srs upgrade --conf $conf (nobody is disconnected)"
fi
