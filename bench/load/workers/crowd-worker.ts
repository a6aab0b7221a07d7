/**
 * A crowd in the server's process: a request that holds subscriptions open, and counts what comes.
 *
 * A connection from outside takes two of the files that a process may open, and most machines allow 20 000.
 * The server is another Worker, so that the ends of subscribers are no objects of its isolate.
 */
interface Environment {
  readonly SERVER: Fetcher;
}

/** Subscriptions that are being opened at a time. */
const openingMax = 16;

/** Time between two lines of the answer. */
const lineMs = 200;

interface Crowd {
  open: number;
  messages: number;
}

export default {
  fetch(request, env) {
    const { searchParams } = new URL(request.url);
    const [path, count] = [searchParams.get("path") ?? "", Number(searchParams.get("count"))];
    const crowd: Crowd = { open: 0, messages: 0 };
    const join = async (number: number) => {
      const address = `http://localhost${path.replace("{n}", String(number))}`;
      await hold(await env.SERVER.fetch(address, { headers: { Upgrade: "websocket" } }), crowd);
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
