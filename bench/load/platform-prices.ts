/**
 * What the platform takes beyond what a plan includes, in US dollars.
 *
 * From https://developers.cloudflare.com/durable-objects/platform/pricing: rows written and requests to
 * objects, where a call is a request and a deleted row counts as written. Time in memory and storage come on
 * top, and requests to the Worker, which are the client's choice.
 */
export const dollarsPerMillionRowsWritten = 1;
export const dollarsPerMillionRequests = 0.15;

export function costInDollars(rowsWritten: number, requests: number): number {
  return (rowsWritten * dollarsPerMillionRowsWritten + requests * dollarsPerMillionRequests) / 1e6;
}
