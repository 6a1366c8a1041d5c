import assert from "node:assert/strict";
import fc from "fast-check";
import { IpftError } from "../../../lib/base/errors.ts";
import { findOwnCgroup } from "../../../lib/kernel/cgroup.ts";

const OTHERS = "22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n" +
  "36 30 0:31 / /sys/fs/cgroup/pids rw shared:18 - cgroup cgroup rw,pids\n";

function mountinfo(root: string, directory: string): string {
  return `${OTHERS}29 23 0:26 ${root} ${directory} rw,nosuid shared:9 - cgroup2 cgroup2 rw\n`;
}

Deno.test("findOwnCgroup finds the directory of a process, also in hybrid hierarchies and containers", () => {
  const cases: readonly [root: string, directory: string, path: string, own: string][] = [
    ["/", "/sys/fs/cgroup", "/", "/sys/fs/cgroup"],
    ["/", "/sys/fs/cgroup", "/user.slice/a.scope", "/sys/fs/cgroup/user.slice/a.scope"],
    ["/", "/sys/fs/cgroup/unified", "/a", "/sys/fs/cgroup/unified/a"],
    ["/", "/a\\040b\\134", "/c", "/a b\\/c"],
    ["/docker/12", "/sys/fs/cgroup", "/docker/12", "/sys/fs/cgroup"],
    ["/docker/12", "/sys/fs/cgroup", "/docker/12/x", "/sys/fs/cgroup/x"],
    ["/docker/12", "/sys/fs/cgroup", "/", "/sys/fs/cgroup"],
  ];
  for (const [root, directory, path, own] of cases) {
    const membership = `12:pids:/x\n1:name=systemd:/y\n0::${path}\n`;
    assert.equal(findOwnCgroup(mountinfo(root, directory), membership), own);
  }
});

Deno.test("findOwnCgroup says how to mount what is missing", () => {
  const expected = /cgroup2 is not mounted; mount it: mount -t cgroup2 /;
  assert.throws(() => findOwnCgroup(OTHERS, "0::/\n"), expected);
  assert.throws(() => findOwnCgroup(mountinfo("/", "/c"), "3:pids:/x\n"), expected);
});

Deno.test("findOwnCgroup accepts any text", () => {
  const line = fc.constantFrom(..."0::/ - cgroup2 \\040 / 1 \n".split(""));
  const text = fc.oneof(fc.string(), fc.string({ unit: line, maxLength: 200 }));
  fc.assert(fc.property(text, text, (mounts, membership) => {
    try {
      assert.ok(findOwnCgroup(mounts, membership));
    } catch (error) {
      assert.ok(error instanceof IpftError);
    }
  }));
});
