#!/bin/bash
# PID 1 of the guest. The initrd starts it with the payload (payload.ts) mounted on /mnt. It runs the
# command and reports how it ended; the runner then stops the VM from outside.

# One mount(8) for all: under emulation, each program takes some 40 ms to start.
cat >/etc/fstab <<'FSTAB'
proc        /proc                 proc
sysfs       /sys                  sysfs
devtmpfs    /dev                  devtmpfs
devpts      /dev/pts              devpts      x-mount.mkdir
tmpfs       /dev/shm              tmpfs       x-mount.mkdir
tmpfs       /run                  tmpfs
tmpfs       /tmp                  tmpfs
securityfs  /sys/kernel/security  securityfs
debugfs     /sys/kernel/debug     debugfs
tracefs     /sys/kernel/tracing   tracefs
bpf         /sys/fs/bpf           bpf
cgroup2     /sys/fs/cgroup        cgroup2
/mnt/ipft   /ipft                 none        bind
/mnt/deno   /usr/local/bin/deno   none        bind
FSTAB
mount --all
# Links that udev would make.
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
ln -sf "/lib/modules/$(uname -r)/config" "/boot/config-$(uname -r)"
hostname --file /etc/hostname
ip link set lo up

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root NO_COLOR=1 DENO_NO_UPDATE_CHECK=1
# Set by this shell; a command would not see them elsewhere.
export -n SHLVL OLDPWD

# The ports of qemu.ts: output, status, input. They appear some time after the driver is loaded.
until [[ -c /dev/vport0p1 && -c /dev/vport0p2 && -c /dev/vport0p3 ]]; do sleep 0.01; done

echo "ipft-vm: begin" >/dev/vport0p2
mapfile -d '' -t command </mnt/command
# The command gets pipes, as from any runner: a port can be opened only once, so with the port itself
# `> /dev/stdout` would fail. The command gets a session of its own so that killall5, which spares the
# caller's session, ends all that it left running, and with it the last writers.
exec 3< <(exec cat /dev/vport0p3)
{
  (cd /ipft && exec setsid "${command[@]}") <&3 3<&- 2>&1
  echo $? >/run/status
  killall5 -9
} 2>/dev/console | dd of=/dev/vport0p1 bs=64K 2>/run/relayed

# The length tells the runner when it has all of the output.
read -r status </run/status
read -r length _ < <(tail -n 1 /run/relayed)
echo "ipft-vm: exit $status, $length bytes" >/dev/vport0p2
exec sleep infinity
