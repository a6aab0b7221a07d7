/**
 * The keys of an issuer of JWTs as they were read, which a Worker remembers.
 */
import type { createLocalJWKSet } from "jose";

export interface KnownKeys {
  /** What `MILLRACE_JWT_KEYS` was. */
  readonly source: string;
  readonly keySet: ReturnType<typeof createLocalJWKSet>;
  readonly readAt: number;
}
