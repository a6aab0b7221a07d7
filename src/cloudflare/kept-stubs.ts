/**
 * Stubs that an object keeps: each that it makes counts as 16 KiB of memory until a full garbage collection,
 * which stops the whole isolate. So those whose calls were answered are taken again. One whose call failed
 * stays broken, and one that is still waited for may be: neither is.
 */

/** Most stubs that an object keeps. */
const keptMax = 1024;

type Method = (...parameters: unknown[]) => Promise<unknown>;

export class KeptStubs<Rpc extends object> {
  /** By name; none has a call that is not answered. */
  readonly #kept = new Map<string, Rpc>();

  /** Opens an object anew for each call; `fresh` makes a stub. */
  open(name: string, fresh: () => Rpc): Rpc {
    const stub = this.#kept.get(name) ?? fresh();
    this.#kept.delete(name);
    return new Proxy(stub, {
      get: (_stub, method): Method => {
        return async (...parameters) => {
          const answer = await (stub[method as keyof Rpc] as Method)(...parameters);
          this.#keep(name, stub);
          return answer;
        };
      },
    });
  }

  #keep(name: string, stub: Rpc): void {
    if (this.#kept.size >= keptMax) this.#kept.clear();
    this.#kept.set(name, stub);
  }
}
