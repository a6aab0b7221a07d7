/**
 * The bindings of `wrangler.toml` and the variables that a deployment sets.
 */
export interface Environment {
  readonly COORDINATOR: DurableObjectNamespace;
  readonly SHARD: DurableObjectNamespace;
  readonly HUB: DurableObjectNamespace;
  /** Where savepoints lie; without it, and without the next, none can be taken. */
  readonly SAVEPOINTS?: R2Bucket;
  /** A disk service of workerd with `writable = true`: where savepoints lie if there is no bucket. */
  readonly SAVEPOINTS_DISK?: Fetcher;
  /** The secret that may do everything. A deployed Worker does not serve without it. */
  readonly MILLRACE_TOKEN?: string;
  /** Which requests are logged: `info` all, `warn` those that are refused, `error` (the default) failures. */
  readonly MILLRACE_LOG?: string;
  /** "1" where only this machine can reach the Worker: no token is needed then. */
  readonly MILLRACE_LOCAL?: string;
  /** Origins whose pages may call, with commas between them; `*` is any. Without it none may. */
  readonly MILLRACE_CORS_ORIGINS?: string;
  /** The issuer whose JWTs are taken (`iss`), and whom they must be for (`aud`). */
  readonly MILLRACE_JWT_ISSUER?: string;
  readonly MILLRACE_JWT_AUDIENCE?: string;
  /** The issuer's public keys: the address of its JWKS over HTTPS, or the JWKS itself as JSON. */
  readonly MILLRACE_JWT_KEYS?: string;
}
