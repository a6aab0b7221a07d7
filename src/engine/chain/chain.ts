/**
 * The operators of a chain, opened and tied together: rows that come in by a port are pushed through.
 */
import { assert } from "../../base/assert.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { OperatorDefinition, OperatorInput } from "../../protocol/dataflow.ts";
import type { ChainPlan } from "../plan/chain-plan.ts";
import { inputTypesOf, operatorTypesOf } from "../plan/chain-types.ts";
import { statePlacesOf } from "../plan/state-places.ts";
import { openCalc, openDropUpdateBefore, openExpand, openUnnest } from "./calc.ts";
import type { ChainClock } from "./chain-clock.ts";
import type { Outlet } from "./chain-output.ts";
import type { ChainRow, Emit } from "./chain-row.ts";
import { openConstraint } from "./constraint.ts";
import { GroupAggregate } from "./group-aggregate.ts";
import { openLimit } from "./limit.ts";
import { LocalAggregate } from "./local-aggregate.ts";
import { openMaterialize } from "./materialize.ts";
import type { Operator, OperatorContext } from "./operator.ts";
import type { ChainState } from "./operator-state.ts";
import { openSet } from "./set.ts";
import { openSort } from "./sort.ts";
import { openWindowAggregate, openWindows } from "./windows.ts";

/** What a chain has of its task. */
export interface ChainContext {
  readonly evaluation: EvaluationContext;
  readonly clock: ChainClock;
  readonly state: ChainState;
  readonly late: (row: ChainRow, reason: string, lateBy: number) => void;
}

/** Where rows go: into an operator's input, or out of the chain. */
type Consumer = (row: ChainRow) => void;

export class Chain {
  /** In their order: each behind those it reads of. */
  readonly operators: readonly Operator[];
  readonly #definitions: readonly OperatorDefinition[];
  /** The operator that works at the moment; its number is that of none where rows leave the chain. */
  #working = 0;
  readonly #ports: readonly Emit[];

  constructor(plan: ChainPlan, context: ChainContext, outlets: readonly Outlet[]) {
    const { operators: definitions, ports } = plan;
    this.#definitions = definitions;
    const made = operatorTypesOf(ports, definitions);
    const consumers = definitions.map((): Consumer[] => []);
    const readers = ports.map((): Consumer[] => []);
    const consumersOf = (of: OperatorInput): Consumer[] => {
      const found = "port" in of ? readers[of.port] : consumers[of.operator];
      assert(found, "what is read is there");
      return found;
    };
    const numbers = new Map(statePlacesOf(plan).map(({ operator, number }) => [operator, number]));
    this.operators = definitions.map((definition, place) => {
      const types = inputTypesOf(definition.inputs[0], ports, made);
      const emit = emitTo(consumers[place] ?? []);
      const { evaluation, clock, late } = context;
      return openOperator(definition, {
        ...{ evaluation, clock, late, emit, types },
        state: context.state.of(numbers.get(place)),
      });
    });
    for (const [place, definition] of definitions.entries()) {
      const operator = this.operators[place] as Operator;
      for (const [input, of] of definition.inputs.entries()) {
        consumersOf(of).push(this.#noted(place, (row) => operator.push(row, input)));
      }
    }
    for (const { of, push } of outlets) consumersOf(of).push(this.#noted(definitions.length, push));
    this.#ports = readers.map(emitTo);
  }

  /** What works at the moment, or did when something failed: its kind, and its number among the operators. */
  get working(): string {
    const definition = this.#definitions[this.#working];
    return definition ? `${definition.operator} (operator ${this.#working})` : "output";
  }

  /** Notes who works while it does: what throws leaves the note as it is. */
  #noted(place: number, consume: Consumer): Consumer {
    return (row) => {
      const before = this.#working;
      this.#working = place;
      consume(row);
      this.#working = before;
    };
  }

  push(port: number, row: ChainRow): void {
    this.#ports[port]?.(row);
  }

  endRows(): void {
    for (const [place, operator] of this.operators.entries()) {
      this.#working = place;
      operator.endRows?.();
    }
  }

  /** Lets time come as far as the clock says, operator by operator. */
  *advance(): Generator<void> {
    for (const [place, operator] of this.operators.entries()) {
      if (operator.advance) yield* this.#advance(place, operator.advance());
      // What firing sent on is folded too.
      this.endRows();
    }
  }
  /** The note is made anew in each turn. */
  *#advance(place: number, rest: Generator<void>): Generator<void> {
    for (;;) {
      this.#working = place;
      if (rest.next().done) return;
      yield;
    }
  }
}

/** Rows go to consumers in the order in which they were tied; `consumers` may still grow. */
function emitTo(consumers: readonly Consumer[]): Emit {
  return (row) => {
    for (const consume of consumers) consume(row);
  };
}

function openOperator(definition: OperatorDefinition, context: OperatorContext): Operator {
  switch (definition.operator) {
    case "calc":
      return openCalc(definition, context);
    case "expand":
      return openExpand(definition, context);
    case "unnest":
      return openUnnest(definition, context);
    case "window assign":
      return openWindows(definition, context);
    case "local aggregate":
      return new LocalAggregate(definition, context);
    case "group aggregate":
      return new GroupAggregate(definition, context);
    case "window aggregate":
      return openWindowAggregate(definition, context);
    case "set":
      return openSet(definition, context);
    case "sort":
      return openSort(definition, context);
    case "limit":
      return openLimit(definition, context);
    case "constraint":
      return openConstraint(definition, context);
    case "materialize":
      return openMaterialize(definition, context);
    case "drop update before":
      return openDropUpdateBefore(context);
  }
}
