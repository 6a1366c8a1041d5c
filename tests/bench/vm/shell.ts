/** Runs a shell command, which must succeed, and returns its output. */
export async function shell(script: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("bash", { args: ["-euc", script] })
    .output();
  const text = new TextDecoder();
  if (!success) throw new Error(`${script}: ${text.decode(stderr)}${text.decode(stdout)}`);
  return text.decode(stdout);
}
