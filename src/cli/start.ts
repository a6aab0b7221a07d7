/**
 * `npm start`: starts Millrace on this machine, shows the demo, and stays up.
 *
 * A demo that fails does not take the server down: it is told, and the server goes on.
 */
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { MillraceClient } from "../client/client.ts";
import { clicksRequests, setUpClicks } from "./clicks-demo.ts";
import { runCommand } from "./command.ts";
import { readFlights, runFlightsDemo } from "./flights-demo.ts";
import { LiveArea } from "./live-area.ts";
import { type LocalServer, startServer } from "./local-server.ts";
import { helpText, readOptions, type StartOptions } from "./options.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

async function run({ port, stateFolder, hasDemo }: StartOptions): Promise<void> {
  let server: LocalServer | undefined;
  stopOnSignal(() => server);
  server = await startServer(root, stateFolder, port);
  const area = new LiveArea(process.stdout);
  area.print(`Millrace is up at ${server.url}, its state is in ${stateFolder}`);
  if (hasDemo) {
    const client = new MillraceClient({ url: server.url });
    try {
      await runFlightsDemo({ client, area, wait, lines: readFlights(root) });
      await setUpClicks(client);
      area.print(`\nTry it on a stream that is still open:\n\n${clicksRequests(server.url, new Date())}`);
    } catch (cause) {
      area.print(`The demo failed: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  area.print(`\nIn another terminal, a shell for SQL: npm run sql -- --url ${server.url}`);
  area.print("\nCtrl-C stops the server; everything is still there at the next start.");
}

/**
 * Ends the process with status 0 once the server has stopped. One that is not up yet has nothing to lose, and
 * a second signal does not wait.
 */
function stopOnSignal(serverOf: () => LocalServer | undefined): void {
  let isStopping = false;
  const stop = () => {
    const server = serverOf();
    if (isStopping || !server) process.exit(130);
    isStopping = true;
    server.stop().then(
      () => {
        process.stdout.write("Stopped.\n");
        process.exit(0);
      },
      (cause: unknown) => {
        process.stderr.write(`Could not stop cleanly: ${String(cause)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

await runCommand(readOptions(process.argv.slice(2), process.cwd()), helpText, run);
