/**
 * What the coordinator orders and tells of a stream's producers, and what of it a shard logs.
 *
 * Orders come late, twice or not at all, and a producer may send meanwhile. So each says what it was decided
 * from, and one that has been overtaken changes nothing: the pure functions here decide.
 */
import type { LiveProducers } from "./log/live-producers.ts";
import type { ProducerChange, ProducerName } from "./log/producer-changes.ts";

/** `activeAt`: by whom it is decided knows of no frame after that, ms; the shard may. */
export type ProducerOrder =
  /** Takes in frames that bear the registration. One that is not new is a repetition, or overtaken. */
  | (ProducerName & { readonly order: "Register"; readonly registration: number })
  /** Takes in no frame of the producer before it is registered anew. */
  | (ProducerName & { readonly order: "Close"; readonly activeAt: number })
  /** No longer waits for a producer that all shards have closed. */
  | (ProducerName & { readonly order: "Forget"; readonly activeAt: number });

/** How far a producer is: no row behind it is on its way, ms. */
export interface ProducerTime extends ProducerName {
  readonly watermark: bigint;
}

/** What of `orders` changes anything here. */
export function changesOf(orders: readonly ProducerOrder[], live: LiveProducers): ProducerChange[] {
  return orders.flatMap((order): ProducerChange[] => {
    const { tokenId, producer } = order;
    const known = live.find(order);
    if (order.order === "Register") {
      const isNew = order.registration > (known?.registration ?? 0);
      return isNew ? [{ tokenId, producer, registration: order.registration }] : [];
    }
    if (!known || known.activeAt > order.activeAt) return [];
    if (order.order === "Close") return known.isClosed ? [] : [{ tokenId, producer, isClosed: true }];
    return known.isClosed ? [{ tokenId, producer, isForgotten: true }] : [];
  });
}

/** Which of the told times are news here. */
export function raisedBy(told: readonly ProducerTime[], live: LiveProducers): ProducerChange[] {
  return told.flatMap(({ tokenId, producer, watermark }) => {
    const known = live.find({ tokenId, producer });
    return known && known.watermark < watermark ? [{ tokenId, producer, watermark }] : [];
  });
}
