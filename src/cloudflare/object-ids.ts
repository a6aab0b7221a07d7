/**
 * Ids of objects by name, remembered: making one hashes its name. An id is plain data; a stub is not, it
 * belongs to the request that made it and stays broken once a call through it failed.
 */
const idsMax = 4096;

export class ObjectIds {
  readonly #ids = new Map<string, DurableObjectId>();

  /** Returns the id of `name`; a name is used with one namespace only. */
  idOf(namespace: DurableObjectNamespace, name: string): DurableObjectId {
    const known = this.#ids.get(name);
    if (known) return known;
    if (this.#ids.size >= idsMax) this.#ids.clear();
    const id = namespace.idFromName(name);
    this.#ids.set(name, id);
    return id;
  }
}
