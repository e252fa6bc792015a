if [ -d /run/systemd/system ]; then systemctl stop 'srs@*.service' 'srs@*.socket' || true; fi
