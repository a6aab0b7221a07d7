/**
 * Values in the order in which they came. The first of equal ones is taken back.
 *
 * Where none is there to be taken back, that is owed until parts are merged: a value that comes afterwards is
 * another one, which has its own place.
 */
import type { SqlType } from "../types/sql-type.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { listOf, record } from "./accumulator-types.ts";
import { keyOf, type ValueKey } from "./counted-values.ts";

interface Arrival {
  readonly key: ValueKey;
  readonly value: SqlValue;
}

export interface Arrivals {
  readonly present: Arrival[];
  readonly owed: Arrival[];
}

/** How arrivals of a type are made, changed and stored. */
export class ArrivalsCodec {
  readonly type: SqlType;
  readonly #keyOf: (values: readonly SqlValue[]) => ValueKey;

  constructor(type: SqlType) {
    this.type = record({ present: listOf(type), owed: listOf(type) });
    this.#keyOf = keyOf([type]);
  }

  create(): Arrivals {
    return { present: [], owed: [] };
  }

  add({ present }: Arrivals, value: SqlValue): void {
    present.push(this.#arrival(value));
  }

  takeBack(arrivals: Arrivals, value: SqlValue): void {
    takeBack(arrivals, this.#arrival(value));
  }

  merge(arrivals: Arrivals, later: Arrivals): void {
    for (const arrival of later.owed) takeBack(arrivals, arrival);
    for (const arrival of later.present) arrivals.present.push(arrival);
  }

  encode({ present, owed }: Arrivals): SqlValue {
    return [present.map(({ value }) => value), owed.map(({ value }) => value)];
  }

  decode(value: SqlValue): Arrivals {
    const [present = [], owed = []] = value as readonly (readonly SqlValue[])[];
    return {
      present: present.map((each) => this.#arrival(each)),
      owed: owed.map((each) => this.#arrival(each)),
    };
  }

  #arrival(value: SqlValue): Arrival {
    return { key: this.#keyOf([value]), value };
  }
}

function takeBack({ present, owed }: Arrivals, { key, value }: Arrival): void {
  const index = present.findIndex((arrival) => arrival.key === key);
  if (index >= 0) present.splice(index, 1);
  else owed.push({ key, value });
}
