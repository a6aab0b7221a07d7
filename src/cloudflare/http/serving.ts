/**
 * What routes call, made of an environment's bindings. Cheap to make: what is worth keeping is the isolate's.
 */
import { EngineError, errorBodyOf, isDiskFull } from "../../base/errors.ts";
import type { RpcResult, ScanPosition } from "../../engine/partition-types.ts";
import type { Caller } from "../../host/access/caller.ts";
import type { CoordinatorObjectRpc } from "../../host/coordinator/object-rpc.ts";
import { Ingest } from "../../host/ingest/ingest.ts";
import { evaluateOverStream } from "../../host/query/evaluate-on-partitions.ts";
import { readChanges } from "../../host/query/read-changes.ts";
import { isOutdated, type ViewPorts, ViewReader } from "../../host/query/view-reader.ts";
import type { EvaluationContext } from "../../interpreter/scalar-function.ts";
import type { AuditedAction } from "../../protocol/audit.ts";
import type { ChangesQuery } from "../../protocol/changes.ts";
import type { PartialQuery } from "../../sql/batch/divide.ts";
import { coordinatorOf } from "../coordinator-stub.ts";
import type { Environment } from "../environment.ts";
import { isolate } from "../isolate.ts";
import { logUnaudited } from "../log.ts";
import { PlatformRandom } from "../object-storage.ts";
import { openSubscription } from "../open-subscription.ts";
import { PlatformWallClock } from "../platform-wall-clock.ts";
import { ShardStubs } from "../shard-stubs.ts";

export class Serving {
  readonly clock = new PlatformWallClock();
  readonly shards: ShardStubs;
  readonly ingest: Ingest;
  readonly views: ViewReader;
  readonly #viewPorts: ViewPorts;
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
    this.shards = new ShardStubs(env);
    this.ingest = new Ingest({
      clock: this.clock,
      random: new PlatformRandom(),
      shards: this.shards,
      encoders: isolate.encoders,
      facts: isolate.streamFacts,
      askFacts: this.askStreamFacts,
      registrations: isolate.registrations,
      askRegistration: (wanted) => this.coordinator((rpc) => rpc.registerProducer(wanted)),
    });
    this.#viewPorts = {
      clock: this.clock,
      shards: this.shards,
      facts: isolate.jobFacts,
      askFacts: this.askJobFacts,
    };
    this.views = new ViewReader(this.#viewPorts);
  }

  /** The rows of a part of a query of SQL over what is retained of a stream. */
  evaluateOverStream(stream: string, query: PartialQuery, context: EvaluationContext) {
    return isolate.streamFacts.answer(stream, this.askStreamFacts, isOutdated, (facts) =>
      evaluateOverStream(this.#viewPorts, facts, query, context),
    );
  }

  /** Rows of a changelog behind a place. */
  changes(view: string, after: ScanPosition | undefined, limit: number) {
    return readChanges(this.#viewPorts, view, after, limit);
  }

  /** A socket on which the changes of a view come. */
  subscribe(view: string, query: ChangesQuery, caller: Caller): Promise<RpcResult<WebSocket>> {
    return isolate.jobFacts.answer(view, this.askJobFacts, isOutdated, async (facts) => {
      return await openSubscription(this.#env, facts, query, caller);
    });
  }

  readonly askStreamFacts = (name: string) => this.coordinator((rpc) => rpc.streamFacts(name));

  readonly askJobFacts = (name: string) => this.coordinator((rpc) => rpc.jobFacts(name));

  /** Notes what a caller did as an administrator. It is done: where it cannot be noted, it is logged. */
  async audit(caller: Caller, what: Pick<AuditedAction, "action" | "target" | "status">): Promise<void> {
    const action = { tokenId: caller.tokenId, tokenName: caller.name, ...what };
    const noted = await this.coordinator((rpc) => rpc.recordAction(action));
    if (!noted.ok) logUnaudited(action, noted.error.message);
  }

  /** Calls the coordinator; a call that the platform could not deliver becomes PARTITION_UNAVAILABLE. */
  async coordinator<Value>(
    call: (rpc: CoordinatorObjectRpc) => Promise<RpcResult<Value>>,
  ): Promise<RpcResult<Value>> {
    try {
      const rpc = coordinatorOf(this.#env);
      // It comes before the call, and is not waited for: where it ends the object, the call fails.
      rpc.compareClock(this.clock.now()).catch(() => {});
      return await call(rpc);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `The coordinator did not answer: ${reason}`;
      const code = isDiskFull(reason) ? "STORAGE_FULL" : "PARTITION_UNAVAILABLE";
      return { ok: false, error: errorBodyOf(new EngineError(code, { message, cause })) };
    }
  }
}
