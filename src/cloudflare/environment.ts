/**
 * The bindings of `wrangler.toml` and the variables that a deployment sets.
 */
export interface Environment {
  readonly COORDINATOR: DurableObjectNamespace;
  readonly SHARD: DurableObjectNamespace;
  /** Where savepoints lie; without it none can be taken. */
  readonly SAVEPOINTS?: R2Bucket;
  /** The secret that every request bears. A deployed Worker does not serve without it. */
  readonly MILLRACE_TOKEN?: string;
  /** "1" where only this machine can reach the Worker: no token is needed then. */
  readonly MILLRACE_LOCAL?: string;
}
