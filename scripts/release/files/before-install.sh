#!/bin/sh
set -e
# A sentence instead of "Illegal instruction".
if [ "$(uname -m)" = x86_64 ] && [ -r /proc/cpuinfo ] && ! grep -qw sse4_2 /proc/cpuinfo; then
  echo "srs needs a processor with SSE4.2 (Intel since 2008, AMD since 2011); this one has none, so srs will not run." >&2
fi
