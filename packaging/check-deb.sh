#!/usr/bin/env bash
# Installs the package on a clean Debian in a temporary folder, starts the server there, installs the
# guestbook into it and asks for its entries. Needs root, debootstrap and a Debian mirror.
set -euo pipefail

package=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
suite=${SUITE:-bookworm}
mirror=${MIRROR:-http://deb.debian.org/debian}
port=${PORT:-18529}

root=$(mktemp -d)
finish() {
  [ -z "${server:-}" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
  umount "$root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$root"
}
trap finish EXIT

debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root.log" \
  || { tail -5 "$root.log" >&2; exit 1; }
rm -f "$root.log"
mount -t proc proc "$root/proc"
cp "$package" "$root/tmp/vulpes.deb"
cp -r "$here/../examples/guestbook" "$root/tmp/guestbook"
chroot "$root" apt-get install -y -qq --no-install-recommends /tmp/vulpes.deb >/dev/null
chroot "$root" test -f /lib/systemd/system/vulpes.service -o -f /usr/lib/systemd/system/vulpes.service
chroot "$root" test -f /etc/default/vulpes

chroot "$root" /usr/bin/vulpes serve --listen "127.0.0.1:$port" --data /var/lib/vulpes \
  --install /guestbook=/tmp/guestbook >"$root/tmp/log" 2>&1 &
server=$!
entries="http://127.0.0.1:$port/guestbook/entries?limit=5"
for _ in $(seq 100); do
  if curl -fs -o /dev/null "$entries"; then break; fi
  kill -0 "$server" || { cat "$root/tmp/log" >&2; exit 1; }
  sleep 0.2
done
curl -fsS "$entries"; echo
kill -TERM "$server"
wait "$server"
server=
chroot "$root" apt-get purge -y -qq vulpes >/dev/null
chroot "$root" test ! -e /usr/bin/vulpes -a ! -e /etc/default/vulpes
echo "installed, answered, stopped and purged on a clean $suite"
