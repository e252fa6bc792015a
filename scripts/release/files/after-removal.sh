# Recordings and the account stay.
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
