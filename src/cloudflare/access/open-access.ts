/**
 * A caller whose connection stays open. What is known of its token is asked again when it is old, as for a
 * request: one that was revoked is good for no longer here than elsewhere.
 */
import type { Caller } from "../../host/access/caller.ts";
import type { Environment } from "../environment.ts";
import { identify } from "./identify.ts";

export class OpenAccess {
  readonly #request: Request;
  readonly #env: Environment;
  #caller: Caller;

  /** `request` has let the caller in. */
  constructor(request: Request, env: Environment, caller: Caller) {
    this.#request = request;
    this.#env = env;
    this.#caller = caller;
  }

  /** When what is known is old, ms since 1970; infinite where nothing ends it but a deploy. */
  get knownUntil(): number {
    return this.#caller.credential?.knownUntil ?? Number.POSITIVE_INFINITY;
  }

  /** Returns the caller as it is now; throws what `identify` throws where its token is not good any more. */
  async renewed(): Promise<Caller> {
    if (Date.now() >= this.knownUntil) this.#caller = await identify(this.#request, this.#env);
    return this.#caller;
  }
}
