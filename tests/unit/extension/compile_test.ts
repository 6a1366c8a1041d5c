import assert from "node:assert/strict";
import { join } from "node:path";
import { compileExtension } from "../../../lib/extension/compile.ts";
import { linkExtension } from "../../../lib/extension/link.ts";
import { TEMPLATES } from "../../../lib/extension/templates.ts";

const SKELETON = TEMPLATES["bpf-module-skeleton"];

/**
 * Runs a test in a folder of its own, with these environment variables in place of the caller's. Checks
 * that no temporary file is left.
 */
function test(name: string, env: Record<string, string>, run: (folder: string) => Promise<void>) {
  Deno.test(name, async () => {
    const folder = await Deno.makeTempDir(), temporary = await Deno.makeTempDir();
    const cwd = Deno.cwd();
    const variables = { CC: "", CFLAGS: "", TMPDIR: temporary, ...env };
    const saved = Object.keys(variables).map((key) => [key, Deno.env.get(key)] as const);
    try {
      for (const [key, value] of Object.entries(variables)) Deno.env.set(key, value);
      Deno.chdir(folder);
      await run(folder);
      assert.deepEqual(Array.from(Deno.readDirSync(temporary)), []);
    } finally {
      Deno.chdir(cwd);
      for (const [key, value] of saved) {
        if (value === undefined) Deno.env.delete(key);
        else Deno.env.set(key, value);
      }
      await Deno.remove(folder, { recursive: true });
      await Deno.remove(temporary, { recursive: true });
    }
  });
}

async function write(path: string, content: string): Promise<string> {
  await Deno.writeTextFile(path, content);
  return path;
}

async function assertFails(path: string, message: RegExp, log = /^$/): Promise<void> {
  await assert.rejects(() => compileExtension(path), (error: Error & { log: string[] }) => {
    assert.equal(error.name, "IpftError");
    assert.match(error.message, message);
    assert.match(error.log.join("\n"), log);
    return true;
  });
}

test(
  "compileExtension makes an object that links, whatever its file is called",
  {},
  async (folder) => {
    for (const name of ["-a b.c", join(folder, "ä;$(touch x).c"), "plain.bpf.c"]) {
      const { elf, warnings } = await compileExtension(await write(name, SKELETON));
      assert.equal(warnings, "");
      linkExtension({ elf, source: name });
    }
    assert.deepEqual(Array.from(Deno.readDirSync(folder)).length, 3);
  },
);

test("compileExtension shows the compiler's messages", {}, async () => {
  await write("typo.c", SKELETON.replace("event->len =", "event->lne ="));
  const says = /^typo\.c:\d+:\d+: error: no member named 'lne' in 'struct event'/m;
  await assertFails(
    "typo.c",
    /^cannot compile typo\.c: clang failed, as its messages above explain/,
    says,
  );
});

test("compileExtension returns warnings with the object", {}, async () => {
  await write("unused.c", `#warning "careful"\n${SKELETON}`);
  const { elf, warnings } = await compileExtension("unused.c");
  assert.match(warnings, /unused\.c:1:2: warning: "careful"/);
  linkExtension({ elf, source: "unused.c" });
});

test(
  "the user's own header wins, beside the file or by CFLAGS",
  {},
  async (folder) => {
    const header = `${TEMPLATES["bpf-module-header"]}\n#warning "mine"\n`;
    await Deno.mkdir("include");
    await write("include/ipft.h", header);
    await write("a.c", SKELETON);
    assert.equal((await compileExtension("a.c")).warnings, "");
    Deno.env.set("CFLAGS", `-I${folder}/include`);
    assert.match((await compileExtension("a.c")).warnings, /"mine"/);
    Deno.env.set("CFLAGS", "");
    await write("ipft.h", header);
    await write("b.c", SKELETON.replace("<ipft.h>", '"ipft.h"'));
    assert.match((await compileExtension("b.c")).warnings, /"mine"/);
  },
);

test(
  "CC and CFLAGS are split into words without a shell",
  { CC: "clang -DFIRST", CFLAGS: "  -DSECOND=2 -DTHIRD=$(touch${IFS}evil)`touch` -Werror " },
  async (folder) => {
    const needs = "#if !defined FIRST || SECOND != 2\n#error words\n#endif\n";
    await compileExtension(await write("a.c", needs + SKELETON));
    await write("b.c", `#warning "fatal"\n${SKELETON}`);
    await assertFails("b.c", /^cannot compile b\.c/, /error: "fatal".*Werror/s);
    assert.deepEqual(Array.from(Deno.readDirSync(folder), ({ name }) => name).sort(), [
      "a.c",
      "b.c",
    ]);
  },
);

test(
  "the compiler gets the environment that the launcher hides from Deno",
  { CC: "./cc", IPFT_USER_NAMES: " MINE", IPFT_USER_MINE: "a 'value'\n" },
  async () => {
    await write("cc", '#!/bin/sh\nprintf "%s|" "$MINE" $(env | grep IPFT_USER) >&2\nexit 1\n');
    await Deno.chmod("cc", 0o755);
    await assertFails(await write("a.c", SKELETON), /exit status 1\)$/, /^a 'value'\n\|$/);
  },
);

test(
  "a missing compiler is named, with its package",
  { CC: "no-such-clang" },
  async () => {
    await assertFails(
      await write("a.c", SKELETON),
      /^cannot compile a\.c: cannot find no-such-clang; install it \(apt install clang libbpf-dev\), set CC .* pass the \.o to -e$/,
    );
  },
);

test("each way in which a compiler fails has its own message", {}, async () => {
  await write("a.c", SKELETON);
  for (
    const [cc, message] of [
      ["true", /true wrote no object to its standard output$/],
      ["false", /false failed without a message \(exit status 1\)$/],
      ["./killed", /\.\/killed was killed by SIGKILL$/],
      ["./a.c", /^cannot compile a\.c: \.\/a\.c: permission denied; install it/],
    ] as const
  ) {
    await write("killed", "#!/bin/sh\nkill -KILL $$\n");
    await Deno.chmod("killed", 0o755);
    Deno.env.set("CC", cc);
    await assertFails("a.c", message);
  }
});

test("messages of any length take linear time", {}, async () => {
  const path = await write("a.c", SKELETON);
  await write(
    "loud",
    `#!/bin/sh\nhead -c 200000 /dev/zero | tr '\\0' ' '\nyes "'bpf/" | head -n 40000 >&2\nexit 1\n`,
  );
  await Deno.chmod("loud", 0o755);
  Deno.env.set("CC", "./loud");
  const begin = performance.now();
  await assertFails(path, /exit status 1\)$/, /'bpf\//);
  assert(performance.now() - begin < 2000);
});

test("missing headers are named, with their package", {}, async () => {
  for (
    const [header, packageName] of [
      ["bpf/no_such.h", "libbpf-dev"],
      ["linux/no_such.h", "linux-libc-dev"],
    ]
  ) {
    await write("a.c", `#include <${header}>\n`);
    const remedy = `; install the header <${header}>: apt install ${packageName}$`;
    await assertFails("a.c", new RegExp(remedy), /file not found/);
  }
  await write("a.c", '#include "mine.h"\n');
  await assertFails("a.c", /exit status 1\)$/, /file not found/);
});

test("an unreadable file is named", {}, async () => {
  await assertFails("missing.c", /^cannot read the extension missing\.c: there is no such file$/);
  await Deno.mkdir("folder.c");
  await assertFails("folder.c", /^cannot read the extension folder\.c: it is not a regular file$/);
  // Opening it would block the whole process.
  await new Deno.Command("mkfifo", { args: ["pipe.c"] }).output();
  await assertFails("pipe.c", /^cannot read the extension pipe\.c: it is not a regular file$/);
});

test("when no temporary file can be made, TMPDIR is named", { TMPDIR: "/proc" }, async () => {
  await assertFails(
    await write("a.c", SKELETON),
    /^cannot compile a\.c: cannot store ipft\.h as a temporary file: .*; set TMPDIR to/,
  );
});

test("the skeleton's own command makes an object that links", {}, async () => {
  await write("ipft.h", TEMPLATES["bpf-module-header"]);
  await write("a.c", SKELETON);
  const command = SKELETON.match(/clang -target bpf .*/)![0].replace("THIS_FILE", "a");
  const { stderr } = await new Deno.Command("sh", { args: ["-c", command] }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  linkExtension({ elf: await Deno.readFile("a.o"), source: "a.o" });
});

test("the header compiles alone, twice, and without a warning", {
  CFLAGS: "-Wall -Wextra -Werror",
}, async () => {
  await write("ipft.h", TEMPLATES["bpf-module-header"]);
  await compileExtension(await write("a.c", '#include <ipft.h>\n#include "ipft.h"\n'));
});
