if command -v systemd-sysusers >/dev/null; then
  systemd-sysusers srs.conf || true
elif command -v useradd >/dev/null && ! getent passwd srs >/dev/null; then
  useradd --system --user-group --no-create-home --home-dir /var/lib/srs --shell /usr/sbin/nologin --comment "srs RTMP server" srs || true
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  # A running server starts the new program in its place; nobody is disconnected.
  if [ -n "$upgrade" ]; then systemctl try-reload-or-restart 'srs@*.service' || true; fi
elif [ -n "$upgrade" ]; then
  echo "srs: running servers go on with the old program. 'srs upgrade --conf FILE' starts the new one in a server's place."
fi
if [ -z "$upgrade" ]; then
  for other in /usr/local/srs /etc/init.d/srs /etc/systemd/system/srs.service /usr/lib/systemd/system/srs.service; do
    if [ -e "$other" ]; then
      echo "srs: another SRS is installed ($other). It shares no file with this one, but both want port 1935: stop it, or change 'listen' in /etc/srs/srs.toml."
      break
    fi
  done
fi
