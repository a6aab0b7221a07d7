/**
 * Server-sent events of an answer, read as they come.
 */

export interface ServerEvent {
  readonly name: string;
  /** Parsed as JSON; undefined for an event that only says where one is. */
  readonly data: unknown;
  readonly id: string | undefined;
}

/** Comments, which only keep the connection, are left out. */
export async function* readEvents({ body }: Response): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event.data !== undefined || event.id !== undefined) yield event;
    }
  }
}

function parseEvent(block: string): ServerEvent {
  const lines = block.split("\n");
  const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  const data = field("data");
  return {
    name: field("event") ?? "message",
    data: data === undefined ? undefined : JSON.parse(data),
    id: field("id"),
  };
}
