/**
 * Subscribers of a simulated life: each puts the changes of a view onto a snapshot, and goes on behind the
 * last change that it has had, however often its connection breaks or it leaves for a while.
 *
 * Every change must fit what it has. Who comes back within the hour, to the same partitions, must not have to
 * begin anew. And in the end what it has must be the view.
 */

import type { RpcResult } from "../../src/engine/partition-types.ts";
import type { CoordinatorRpc, JobFacts } from "../../src/host/coordinator/coordinator-rpc.ts";
import { hubName } from "../../src/host/subscriptions/hub-rpc.ts";
import { subscriptionOf } from "../../src/host/subscriptions/subscription.ts";
import type { ViewAnswer } from "../../src/protocol/answers.ts";
import { type ChangeMessage, parseEventId } from "../../src/protocol/changes.ts";
import type { Random } from "../arbitraries/random.ts";
import type { Deployment } from "./deployment.ts";
import { differenceOf } from "./differences.ts";
import type { SubscriberPlan } from "./draw-clients.ts";
import type { Connection, HubFace } from "./simulated-hubs.ts";
import type { ProcessLife } from "./simulated-process.ts";
import type { Simulation } from "./simulation.ts";

/** What a subscriber is given to do its work. */
export interface SubscriberErrands {
  readonly simulation: Simulation;
  readonly deployment: Deployment;
  readonly life: ProcessLife;
  readonly random: Random;
  isOver(): boolean;
  sleep(ms: number): Promise<void>;
  /** The answer, or undefined where the call failed or took too long. */
  patiently<Value>(call: () => Promise<RpcResult<Value>>): Promise<RpcResult<Value> | undefined>;
  readonly coordinator: CoordinatorRpc;
}

const staysMsMax = 15_000;
const awayMsMax = 8_000;
/** Long enough for all that is held, where nothing is lost or delayed. */
const lastLookMs = 20_000;
/** Far less than what changes are kept for. */
const heldMs = 1_800_000;

export class Subscriber {
  readonly plan: SubscriberPlan;
  readonly #errands: SubscriberErrands;
  readonly #rows = new Set<string>();
  #connection: Connection | undefined;
  #id: string | undefined;
  #seenAt = 0;
  #isWhole = false;
  #messages = 0;
  /** True from a connection that goes on behind an id to its first message. */
  #mustGoOn = false;

  constructor(plan: SubscriberPlan, errands: SubscriberErrands) {
    this.plan = plan;
    this.#errands = errands;
  }

  /** Comes and goes until the life is over. */
  async follow(): Promise<void> {
    const { isOver, sleep, random } = this.#errands;
    while (!isOver()) {
      if (!(await this.#connect())) {
        await sleep(random.below(awayMsMax));
        continue;
      }
      const leavesAt = this.#errands.simulation.now + random.below(staysMsMax);
      while (this.#connection?.isOpen && !isOver() && this.#errands.simulation.now < leavesAt) {
        await sleep(500);
      }
      this.#leave();
      await sleep(random.below(awayMsMax));
    }
    this.#leave();
  }

  /** Comes back once everything is at rest, and takes what there is to be had. */
  async lookOnce(): Promise<void> {
    const until = this.#errands.simulation.now + lastLookMs;
    while (this.#errands.simulation.now < until) {
      if (!this.#connection?.isOpen) await this.#connect();
      await this.#errands.sleep(1_000);
    }
    this.#leave();
  }

  /** What is wrong with what it has. */
  check(rows: ViewAnswer["rows"]): string[] {
    const { view, key } = this.plan;
    if (!this.#isWhole) return [`a subscriber of ${view} never had all of it`];
    const wanted = rows.filter((row) => !key || row[key.column] === key.value);
    const told = wanted.filter((row) => row.final === true || row.window_end === undefined);
    const expected = told.map(({ final: _, ...row }) => JSON.stringify(row));
    return differenceOf(expected, [...this.#rows]).map((text) => `a subscriber of ${view} ${text}`);
  }

  #leave(): void {
    this.#connection?.leave();
    this.#connection = undefined;
  }

  /** True where a hub may have let it in. */
  async #connect(): Promise<boolean> {
    const { coordinator, deployment, life, patiently } = this.#errands;
    const facts = await patiently(() => coordinator.jobFacts(this.plan.view));
    if (!facts?.ok) return false;
    const { view, run, mapVersion } = facts.value;
    const hub = hubName(view, run, mapVersion, 0);
    const subscription = { ...this.#subscriptionOf(facts.value), hub };
    this.#messages = 0;
    const connection = deployment.hubs.dial(life, {
      take: (text) => connection === this.#connection && this.#take(connection, text, hub),
      ended: () => {},
    });
    this.#connection = connection;
    const face = deployment.network.stub<HubFace>(life, deployment.hubs.process(hub));
    const answer = await patiently(() => face.connect(connection.number, subscription));
    if (!answer?.ok) this.#leave();
    return answer?.ok ?? false;
  }

  #subscriptionOf(facts: JobFacts) {
    const lastEventId = this.#id === undefined ? undefined : parseEventId(this.#id);
    const isSame = lastEventId?.run === facts.run && lastEventId.map === facts.mapVersion;
    this.#mustGoOn = isSame && this.#errands.simulation.now - this.#seenAt < heldMs;
    const { key } = this.plan;
    const given = key && { key: JSON.stringify({ [key.column]: key.value }) };
    return subscriptionOf(facts, { key: undefined, ...given, snapshot: true, lastEventId });
  }

  #take(connection: Connection, text: string, hub: string): void {
    const { message, ack, changes = [], snapshot, id, error } = JSON.parse(text) as ChangeMessage;
    if (message !== ++this.#messages) this.#wrong(`gets message ${message} as number ${this.#messages}`);
    if (error) return;
    if (snapshot === "begin") {
      if (this.#mustGoOn) this.#wrong(`begins anew at ${this.#id}, behind which changes are held`);
      this.#rows.clear();
      this.#isWhole = false;
      this.#id = undefined;
    }
    this.#mustGoOn = false;
    for (const change of changes) {
      this.#put(change.kind, JSON.stringify(change.row));
      this.#see(change.id);
    }
    if (snapshot === "end") this.#isWhole = true;
    this.#see(id);
    if (ack) void this.#acknowledge(connection, message, hub);
  }

  async #acknowledge(connection: Connection, message: number, hub: string): Promise<void> {
    const { deployment, life, patiently } = this.#errands;
    const face = deployment.network.stub<HubFace>(life, deployment.hubs.process(hub));
    await patiently(() => face.acknowledge(connection.number, JSON.stringify({ ack: message })));
  }

  #see(id: string | undefined): void {
    if (id === undefined) return;
    this.#id = id;
    this.#seenAt = this.#errands.simulation.now;
  }

  #put(kind: string, row: string): void {
    const isThere = this.#rows.has(row);
    if (kind === "+I" || kind === "+U") {
      if (isThere) this.#wrong(`is told ${kind} ${row}, which it has`);
      this.#rows.add(row);
    } else if (!this.#rows.delete(row)) this.#wrong(`is told ${kind} ${row}, which it has not`);
  }

  #wrong(what: string): void {
    this.#errands.simulation.report("wrong", `a subscriber of ${this.plan.view} ${what}`);
  }
}
