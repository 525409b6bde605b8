#!/bin/sh
# Runs a command as a container of the image does, without an engine: in a root of its own that cannot be written to, as a user
# that may do nothing special. Called as root in a mount namespace of its own (`unshare --mount`); becomes the command.
#
#   root.sh TREE ROOT NODE USER:GROUP GROUPS [PATH=VOLUME]... -- COMMAND...
#
# TREE is the layer as it is in the image, ROOT an empty folder, NODE the binary that takes the place of the base's
# /nodejs/bin/node, with the libraries it needs. VOLUMEs are folders, or files.
set -eu

tree=$1 root=$2 node=$3 user=$4 groups=$5
shift 5

# A file of this machine, at the same path or the one given.
put() {
  mkdir -p "$root$(dirname "${2:-$1}")"
  : > "$root${2:-$1}"
  mount --bind "$1" "$root${2:-$1}"
}

mount -t tmpfs -o mode=0755 none "$root"
cp -a "$tree/." "$root/"
put "$node" /nodejs/bin/node
ldd "$node" | grep -o '/[^ ]*' | sort -u | while read -r library; do put "$library"; done
for device in null zero random urandom; do put "/dev/$device"; done
certificates=/etc/ssl/certs/ca-certificates.crt
if [ -e "$certificates" ]; then put "$certificates"; fi
printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' > "$root/etc/passwd"
printf 'root:x:0:\nnonroot:x:65532:\n' > "$root/etc/group"
printf '127.0.0.1 localhost\n::1 localhost\n' > "$root/etc/hosts"
for folder in /proc /sys; do
  mkdir -p "$root$folder"
  mount --rbind "$folder" "$root$folder"
done
mkdir -p "$root/tmp" "$root/home/nonroot"
chmod 1777 "$root/tmp"
while [ "$1" != -- ]; do
  path=${1%%=*} volume=${1#*=}
  if [ -d "$volume" ]; then
    mkdir -p "$root$path"
    mount --bind "$volume" "$root$path"
  else
    put "$volume" "$path"
  fi
  shift
done
shift
mount -o remount,ro "$root"

exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid \
  chroot --userspec="$user" --groups="$groups" "$root" "$@"
