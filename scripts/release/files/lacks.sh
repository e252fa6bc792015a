# What this machine lacks for srs: a sentence a line, none when it lacks nothing.
lacks() {
  if [ "$(uname -m)" = x86_64 ] && [ -r /proc/cpuinfo ] && ! grep -qw sse4_2 /proc/cpuinfo; then
    echo "srs needs a processor with SSE4.2 (Intel since 2008, AMD since 2011), and this one has none."
  fi
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc=
  case "$libc" in
    "glibc 2."*)
      minor=${libc#glibc 2.}
      if [ "${minor%%.*}" -lt 17 ]; then echo "srs needs glibc 2.17 (of 2012) or later, and this system has $libc."; fi
      ;;
  esac
}
