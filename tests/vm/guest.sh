#!/bin/bash
# PID 1 of the guest, started by the initrd with the payload (payload.ts) mounted on /mnt. Runs the
# command and reports how it ended; the runner then stops the machine from outside.

# One mount(8) for all: under emulation the start of each program costs some 40 ms.
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
# What udev would make.
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
ln -sf "/lib/modules/$(uname -r)/config" "/boot/config-$(uname -r)"
hostname --file /etc/hostname
ip link set lo up

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root NO_COLOR=1 DENO_NO_UPDATE_CHECK=1
# PID 1's own doing, not what a command would see elsewhere.
export -n SHLVL OLDPWD

# The ports of qemu.ts: output, status, input. They appear some time after the driver was loaded.
until [[ -c /dev/vport0p1 && -c /dev/vport0p2 && -c /dev/vport0p3 ]]; do sleep 0.01; done

echo "ipft-vm: begin" >/dev/vport0p2
mapfile -d '' -t command </mnt/command
# The command gets pipes, as it would from any runner: a port can be opened only once, so that with
# the port itself `> /dev/stdout` would fail. It gets a session of its own, because killall5, which
# spares the caller's session, then ends what it left running and with it the last writers.
exec 3< <(exec cat /dev/vport0p3)
{
  (cd /ipft && exec setsid "${command[@]}") <&3 3<&- 2>&1
  echo $? >/run/status
  killall5 -9
} 2>/dev/console | dd of=/dev/vport0p1 bs=64K 2>/run/relayed

# With the length of the output the runner knows when it has everything.
read -r status </run/status
read -r length _ < <(tail -n 1 /run/relayed)
echo "ipft-vm: exit $status, $length bytes" >/dev/vport0p2
exec sleep infinity
