#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if command -v systemd-sysusers >/dev/null; then systemd-sysusers srs.conf || true; fi
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || true
    # A running server starts the new program in its place; nobody is disconnected.
    if [ -n "$2" ]; then systemctl try-reload-or-restart 'srs@*.service' || true; fi
  fi
fi
