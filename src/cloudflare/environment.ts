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
  /** The secret that every request bears. A deployed Worker does not serve without it. */
  readonly MILLRACE_TOKEN?: string;
  /** Which requests are logged: `info` all, `warn` those that are refused, `error` (the default) failures. */
  readonly MILLRACE_LOG?: string;
  /** "1" where only this machine can reach the Worker: no token is needed then. */
  readonly MILLRACE_LOCAL?: string;
}
