#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then systemctl stop 'srs@*.service' 'srs@*.socket' || true; fi
