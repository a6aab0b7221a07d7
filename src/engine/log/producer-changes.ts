/**
 * What a record of kind Producers says: which producers the shard's watermark waits for from then on, and how
 * far those are that send to other shards.
 *
 * Sealed JSON in the record's frame (`sealed-json.ts`). Fields are only added.
 */
import { EngineError } from "../../base/errors.ts";
import { readSealedJsonBytes, sealJsonBytes } from "./sealed-json.ts";

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
  return sealJsonBytes({ producers });
}

/** Throws `FRAME_CORRUPT`. */
export function decodeProducerChanges(bytes: Uint8Array): ProducerChange[] {
  const { producers } = readSealedJsonBytes(bytes, damaged);
  if (!Array.isArray(producers)) throw damaged("it lists none");
  return producers.map(readChange);
}

function damaged(what: string): EngineError {
  const message = `A record of producers in the log cannot be read: ${what}.`;
  return new EngineError("FRAME_CORRUPT", { message });
}

function readChange(stored: Record<string, unknown>): ProducerChange {
  const { tokenId, producer, registration, isClosed, isForgotten, watermark } = stored;
  if (watermark !== undefined && !/^-?\d{1,19}$/.test(String(watermark))) throw damaged("a time is none");
  return {
    ...{ tokenId: String(tokenId), producer: String(producer) },
    ...(registration !== undefined && { registration: Number(registration) }),
    ...(isClosed === true && { isClosed }),
    ...(isForgotten === true && { isForgotten }),
    ...(watermark !== undefined && { watermark: BigInt(String(watermark)) }),
  };
}
