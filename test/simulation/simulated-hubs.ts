/**
 * Hubs of a simulated life, and the connections of subscribers to them: what is sent on one arrives in its
 * order until it breaks. A hub that leaves memory keeps its connections; one that crashes loses them.
 */

import type { RpcResult } from "../../src/engine/partition-types.ts";
import type { Shards } from "../../src/host/shards.ts";
import { tagOf } from "../../src/host/subscriptions/audience.ts";
import { Hub } from "../../src/host/subscriptions/hub.ts";
import type { HubSocket } from "../../src/host/subscriptions/subscriber.ts";
import type { Subscription } from "../../src/host/subscriptions/subscription.ts";
import type { WallClock } from "../../src/host/wall-clock.ts";
import { type ProcessLife, SimulatedProcess } from "./simulated-process.ts";
import type { Simulation } from "./simulation.ts";

/** What a client calls a hub for. */
export interface HubFace {
  /** Lets in whom a connection belongs to; again it changes nothing. */
  connect(connection: number, subscription: Subscription): Promise<RpcResult<null>>;
  acknowledge(connection: number, text: string): Promise<RpcResult<null>>;
}

/** The end that a subscriber has. */
export interface ConnectionEnd {
  take(text: string): void;
  ended(): void;
}

/** How long a hub does not notice that a subscriber is gone. */
const closeMsMax = 20_000;

export class Connection implements HubSocket {
  readonly number: number;
  readonly #simulation: Simulation;
  readonly #client: ProcessLife;
  readonly #end: ConnectionEnd;
  #hub: SimulatedHub | undefined;
  #tag = "";
  #attachment: unknown;
  #isOpen = true;
  /** On their way; undefined is the end. */
  readonly #onTheirWay: (string | undefined)[] = [];

  constructor(simulation: Simulation, number: number, client: ProcessLife, end: ConnectionEnd) {
    this.#simulation = simulation;
    this.number = number;
    this.#client = client;
    this.#end = end;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isAccepted(): boolean {
    return this.#hub !== undefined;
  }

  /** Begins; false for one that its client has given up meanwhile. */
  accept(hub: SimulatedHub, tag: string): boolean {
    if (!this.#isOpen) return false;
    this.#hub = hub;
    this.#tag = tag;
    return true;
  }

  has(tag: string | undefined): boolean {
    return tag === undefined || tag === this.#tag;
  }

  send(text: string): void {
    this.#hub?.leaving(() => this.#depart(text));
  }

  close(): void {
    const hub = this.#hub;
    hub?.leaving(() => {
      hub.forget(this);
      this.#depart(undefined);
    });
  }

  serializeAttachment(value: unknown): void {
    this.#attachment = value;
  }

  deserializeAttachment(): unknown {
    return this.#attachment;
  }

  /** The subscriber leaves; its hub hears of it later. */
  leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#hub?.hangUp(this, this.#simulation.random.below(closeMsMax));
  }

  /** Breaks on both sides: what is on its way arrives no more. */
  break(): void {
    if (!this.#isOpen) return;
    this.leave();
    this.#onTheirWay.length = 0;
    this.#later("end of connection", () => this.#end.ended());
  }

  #depart(text: string | undefined): void {
    if (!this.#isOpen) return;
    if (this.#simulation.chance(this.#simulation.faults.answerLoss)) {
      this.break();
      return;
    }
    this.#onTheirWay.push(text);
    this.#later("message of connection", () => this.#arrive());
  }

  #arrive(): void {
    if (!this.#isOpen || this.#onTheirWay.length === 0) return;
    const text = this.#onTheirWay.shift();
    if (text !== undefined) this.#end.take(text);
    else {
      this.#isOpen = false;
      this.#end.ended();
    }
  }

  #later(what: string, work: () => void): void {
    const { random, faults, queue } = this.#simulation;
    const arrive = () => this.#client.process.turnOf(this.#client, work);
    queue.add("message", `${what} ${this.number}`, 1 + random.below(faults.delayMax), arrive);
  }
}

/** A hub's process, and the connections that it has. */
class SimulatedHub {
  readonly process: SimulatedProcess;
  readonly #simulation: Simulation;
  readonly #connections = new Set<Connection>();
  #life: ProcessLife | undefined;

  constructor(simulation: Simulation, name: string, open: SimulatedHubs) {
    this.#simulation = simulation;
    this.process = new SimulatedProcess(simulation, name, {
      ...{ storage: undefined, canCrash: true },
      start: (life) => this.#start(life, open),
      alarm: (host) => (host as Hub).alarm(),
      ended: (isEvicted) => {
        if (!isEvicted) for (const connection of [...this.#connections]) connection.break();
      },
    });
  }

  /** Has something leave when the turn is over. */
  leaving(leave: () => void): void {
    this.#life?.send(leave);
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  hangUp(connection: Connection, ms: number): void {
    this.#simulation.queue.add("message", `hang up of ${this.process.name}`, ms, async () => {
      if (!this.#connections.delete(connection)) return;
      await this.process.turn((host) => (host as Hub).closed(connection));
    });
  }

  #start(life: ProcessLife, { shards, clock, connection }: SimulatedHubs): Hub & HubFace {
    this.#life = life;
    const hub = new Hub({
      ...{ clock: clock(life), shards: shards(life) },
      coordinator: { holdTokens: () => Promise.reject(new Error("Simulated subscribers have no token.")) },
      sockets: (tag) => [...this.#connections].filter((each) => each.has(tag)),
      setAlarm: (at) => {
        if (!this.process.hasAlarm) life.alarmToSet ??= at;
      },
    });
    return Object.assign(hub, {
      connect: async (number: number, subscription: Subscription): Promise<RpcResult<null>> => {
        const socket = connection(number);
        if (socket.isAccepted) return { ok: true, value: null };
        const admitted = await hub.admit(subscription);
        if (!admitted.ok) return admitted;
        if (!socket.isAccepted && socket.accept(this, tagOf(subscription))) {
          this.#connections.add(socket);
          hub.begin(socket, subscription, admitted.value);
        }
        return { ok: true, value: null };
      },
      acknowledge: async (number: number, text: string): Promise<RpcResult<null>> => {
        const socket = connection(number);
        if (this.#connections.has(socket)) hub.received(socket, text);
        return { ok: true, value: null };
      },
    } satisfies HubFace);
  }
}

/** What hubs are made with. */
interface SimulatedHubs {
  readonly shards: (life: ProcessLife) => Shards;
  readonly clock: (life: ProcessLife) => WallClock;
  readonly connection: (number: number) => Connection;
}

/** All hubs of a life, made when they are first called. */
export class HubsOfLife {
  readonly #simulation: Simulation;
  readonly #made: SimulatedHubs;
  readonly #hubs = new Map<string, SimulatedHub>();
  readonly #connections: Connection[] = [];

  constructor(simulation: Simulation, made: Omit<SimulatedHubs, "connection">) {
    this.#simulation = simulation;
    this.#made = { ...made, connection: (number) => this.#connections[number] as Connection };
  }

  get processes(): readonly SimulatedProcess[] {
    return [...this.#hubs.values()].map(({ process }) => process);
  }

  process(name: string): SimulatedProcess {
    const known = this.#hubs.get(name);
    if (known) return known.process;
    const hub = new SimulatedHub(this.#simulation, name, this.#made);
    this.#hubs.set(name, hub);
    return hub.process;
  }

  /** A connection that `connect` of a hub accepts. */
  dial(client: ProcessLife, end: ConnectionEnd): Connection {
    const connection = new Connection(this.#simulation, this.#connections.length, client, end);
    this.#connections.push(connection);
    return connection;
  }
}
