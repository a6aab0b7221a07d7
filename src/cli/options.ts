/**
 * What `npm start` can be told, and the text that says so.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Command } from "./command.ts";

export interface StartOptions {
  readonly port: number;
  /** Folder of everything that must outlive the process. */
  readonly stateFolder: string;
  readonly hasDemo: boolean;
}

const portDefault = 8787;

export const helpText = `Starts Millrace on this machine, in workerd, with its state on disk.

Usage: npm start -- [options]

  --port NUMBER   port on 127.0.0.1 (default ${portDefault}; 0 takes a free one)
  --state FOLDER  where the state is kept (default .millrace)
  --no-demo       start the server only, without the flights demo
  --help          show this text

The state survives Ctrl-C and kill -9. Delete the folder to begin anew.
`;

/** Reads the arguments behind `npm start --`; paths are relative to `workingFolder`. */
export function readOptions(args: readonly string[], workingFolder: string): Command<StartOptions> {
  const refuse = (message: string): Command<StartOptions> => ({
    kind: "Refuse",
    message: `${message}\n\n${helpText}`,
  });
  try {
    const { values } = parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        port: { type: "string", default: String(portDefault) },
        state: { type: "string", default: ".millrace" },
        demo: { type: "boolean", default: true },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { kind: "Help" };
    const port = Number(values.port);
    if (!/^\d+$/.test(values.port) || port > 65_535) {
      return refuse(`Found --port ${values.port}; expected a number from 0 to 65535.`);
    }
    const stateFolder = resolve(workingFolder, values.state);
    return { kind: "Run", options: { port, stateFolder, hasDemo: values.demo } };
  } catch (cause) {
    return refuse(cause instanceof Error ? cause.message : String(cause));
  }
}
