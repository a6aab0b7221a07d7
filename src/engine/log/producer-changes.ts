/**
 * What a record of kind Producers says: which producers the shard's watermark waits for from then on, and how
 * far those are that send to other shards.
 *
 * JSON in the record's frame. Fields are only added.
 */
import { EngineError } from "../../base/errors.ts";

/** A producer is known by the id of its access token and the name that it gives itself. */
export interface ProducerName {
  readonly tokenId: string;
  readonly producer: string;
}

/** A change of one producer; what is absent stays as it was. */
export interface ProducerChange extends ProducerName {
  /** It is registered, anew or for the first time. */
  readonly registration?: number;
  /** No frame of it is taken in before it is registered anew. */
  readonly isClosed?: true;
  /** The watermark no longer waits for it. */
  readonly isForgotten?: true;
  /** How far it is, as other shards know. */
  readonly watermark?: bigint;
}

/** The length keeps two different pairs of names from making one key. */
export function producerKey({ tokenId, producer }: ProducerName): string {
  return `${tokenId.length}:${tokenId}${producer}`;
}

export function encodeProducerChanges(changes: readonly ProducerChange[]): Uint8Array {
  const producers = changes.map(({ watermark, ...change }) => ({
    ...change,
    ...(watermark !== undefined && { watermark: watermark.toString() }),
  }));
  return new TextEncoder().encode(JSON.stringify({ producers }));
}

/** Throws `FRAME_CORRUPT`. */
export function decodeProducerChanges(bytes: Uint8Array): ProducerChange[] {
  try {
    const { producers } = JSON.parse(new TextDecoder().decode(bytes));
    return producers.map(readChange);
  } catch (cause) {
    const message = "A record of producers in the log cannot be read.";
    throw new EngineError("FRAME_CORRUPT", { message, cause });
  }
}

function readChange(stored: Record<string, unknown>): ProducerChange {
  const { tokenId, producer, registration, isClosed, isForgotten, watermark } = stored;
  return {
    ...{ tokenId: String(tokenId), producer: String(producer) },
    ...(registration !== undefined && { registration: Number(registration) }),
    ...(isClosed === true && { isClosed }),
    ...(isForgotten === true && { isForgotten }),
    ...(watermark !== undefined && { watermark: BigInt(String(watermark)) }),
  };
}
