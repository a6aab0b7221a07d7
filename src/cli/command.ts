/**
 * What the arguments of a command come to, and how it ends.
 */
import { StartError } from "./start-error.ts";

export type Command<Options> =
  | { readonly kind: "Run"; readonly options: Options }
  | { readonly kind: "Help" }
  | { readonly kind: "Refuse"; readonly message: string };

/** Runs a command, or tells why not: status 2 for arguments that are wrong, 1 for a `StartError`. */
export async function runCommand<Options>(
  command: Command<Options>,
  helpText: string,
  run: (options: Options) => Promise<void>,
): Promise<void> {
  if (command.kind === "Help") {
    process.stdout.write(helpText);
    return;
  }
  if (command.kind === "Refuse") {
    process.stderr.write(`${command.message}\n`);
    process.exitCode = 2;
    return;
  }
  try {
    await run(command.options);
  } catch (cause) {
    if (!(cause instanceof StartError)) throw cause;
    process.stderr.write(`${cause.message}\n`);
    process.exitCode = 1;
  }
}
