/** Regular expressions that take linear time, whatever they are and whatever they search. */
import { usageError } from "../base/errors.ts";
import type { FunctionFilter, NamePattern } from "../kernel/functions.ts";
import type { FunctionPatterns } from "./request.ts";

/**
 * Matches expressions of names, anchors and alternatives, with one group at most. They take linear time
 * in every engine, and mean the same in each.
 */
const SIMPLE = /^[\w^$|-]*(?:\([\w^$|-]*\)[\w^$|-]*)?$/;

/**
 * Compiles the expressions of a command line.
 * @throws IpftError when one of them is not in the syntax of RE2
 */
export async function functionFilter(
  { functionRegex, moduleRegex }: FunctionPatterns,
): Promise<FunctionFilter> {
  return {
    functionRegex: await compilePattern(functionRegex, "--regex"),
    moduleRegex: await compilePattern(moduleRegex, "--module-regex"),
  };
}

/**
 * Compiles an expression, which is searched for, unanchored.
 * @param option its option, for errors
 */
async function compilePattern(
  expression: string | undefined,
  option: string,
): Promise<NamePattern | undefined> {
  if (expression === undefined) return undefined;
  if (SIMPLE.test(expression)) {
    try {
      return new RegExp(expression);
    } catch {
      // RE2 says what is wrong with it.
    }
  }
  // Imported only where it is needed: that and the first search take some 20 ms.
  const { RE2JS, RE2JSException } = await import("re2js");
  try {
    return RE2JS.compile(expression);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    // "error parsing regexp: missing closing ): `(`"
    const [, reason] = error.message.split("regexp: ");
    throw usageError(
      `${option} '${expression}' is not a regular expression: ${reason ?? error.message}`,
      "the syntax is RE2's, which has neither lookaround nor backreferences: " +
        "https://github.com/google/re2/wiki/Syntax",
    );
  }
}
