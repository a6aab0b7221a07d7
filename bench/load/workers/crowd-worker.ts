/**
 * Millrace with a crowd in the same process: a request that holds subscriptions open, and counts what comes.
 *
 * A connection from outside takes two of the files that a process may open, and most machines allow 20 000.
 */
import type { Environment } from "../../../src/cloudflare/environment.ts";
import worker from "../../../src/cloudflare/worker.ts";

export { Coordinator, Hub, Shard } from "../../../src/cloudflare/worker.ts";

/** Subscriptions that are being opened at a time. */
const openingMax = 16;

/** Time between two lines of the answer. */
const lineMs = 200;

interface Crowd {
  open: number;
  messages: number;
}

export default {
  fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/crowd") return worker.fetch(request, env, ctx);
    const [path, count] = [searchParams.get("path") ?? "", Number(searchParams.get("count"))];
    const crowd: Crowd = { open: 0, messages: 0 };
    const join = async (number: number) => {
      const address = `http://localhost${path.replace("{n}", String(number))}`;
      const upgrade = new Request(address, { headers: { Upgrade: "websocket" } });
      const response = await worker.fetch(upgrade as typeof request, env, ctx);
      await hold(response, crowd);
    };
    const openers = Array.from({ length: openingMax }, async (_, first) => {
      for (let number = first; number < count; number += openingMax) await join(number);
    });
    return new Response(linesOf(crowd, Promise.all(openers)));
  },
} satisfies ExportedHandler<Environment>;

async function hold(response: Response, crowd: Crowd): Promise<void> {
  const { webSocket } = response;
  if (!webSocket) throw new Error(await response.text());
  crowd.open++;
  webSocket.accept();
  webSocket.addEventListener("message", () => crowd.messages++);
  webSocket.addEventListener("close", () => crowd.open--);
}

/** A line with what there is, now and then, once all are open: they are held for as long as it is read. */
function linesOf(crowd: Crowd, opened: Promise<unknown>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    start: async () => void (await opened),
    pull: async (controller) => {
      await new Promise((resolve) => setTimeout(resolve, lineMs));
      controller.enqueue(encoder.encode(`${JSON.stringify(crowd)}\n`));
    },
  });
}
