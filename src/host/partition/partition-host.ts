/**
 * The process around one partition: logs appends, works in slices, keeps its alarm, lets queries wait.
 *
 * Order of an append: log, then acknowledge, then process. Work runs in later turns, so that it delays no
 * acknowledgement that it need not.
 *
 * Law: every turn that changes the partition ends in `#afterTurn`, which sets the alarm for what is left.
 */
import { EngineError, errorBodyOf, StorageFailure } from "../../base/errors.ts";
import { appendDeadlineMs, KiB } from "../../base/limits.ts";
import type { AppendRequest, AppendResult } from "../../engine/log/records.ts";
import type { PartitionOptions } from "../../engine/open-jobs.ts";
import { heartbeatMs, type Partition } from "../../engine/partition.ts";
import type { JobCommand, PartitionStatus, RpcResult } from "../../engine/partition-types.ts";
import { ClockCheck, clockWasPutBack } from "../clock-check.ts";
import { ActivityReport } from "./activity-report.ts";
import { type AppendGroup, AppendGroups } from "./append-groups.ts";
import { BusyTime } from "./busy-time.ts";
import { CallRetries } from "./call-retries.ts";
import { ChangeDelivery } from "./change-delivery.ts";
import type { HostPorts } from "./host-ports.ts";
import { LaterTurns } from "./later-turns.ts";
import { OpenedPartition } from "./opened-partition.ts";
import { creditWaitMs, OutputDelivery } from "./output-delivery.ts";
import { PartitionReads } from "./partition-reads.ts";
import type { PartitionRpc } from "./partition-rpc.ts";
import { SavepointTransfer } from "./savepoint-transfer.ts";
import { Waiters } from "./waiters.ts";

/** Slices of work, and bytes of log, that one turn applies at most: appends are logged in between. */
const slicesPerTurn = 64;
const bytesPerTurn = 512 * KiB;
/** Log that is applied in the turn that logs it, where another stage sent it: a later turn is a ms away. */
const bytesAtOnce = 64 * KiB;

export class PartitionHost implements PartitionRpc {
  readonly #ports: HostPorts;
  readonly #place: OpenedPartition;
  readonly #turns: LaterTurns;
  readonly #appends: AppendGroups;
  #isWorking = false;
  #alarmAt: number | undefined;
  readonly #waiters: Waiters;
  readonly #delivery: OutputDelivery;
  readonly #changes: ChangeDelivery;
  readonly #transfer: SavepointTransfer;
  readonly #report: ActivityReport;
  readonly #reads: PartitionReads;
  readonly #busy: BusyTime;
  readonly #retries: CallRetries;
  readonly #clockCheck: ClockCheck;

  /** `alarmAt` is the alarm that is set already, from before the object started. */
  constructor(ports: HostPorts, options: PartitionOptions, alarmAt: number | undefined) {
    this.#ports = ports;
    this.#clockCheck = new ClockCheck(ports.clock, ports.mayStartAnew);
    this.#retries = new CallRetries(ports.clock);
    this.#turns = new LaterTurns((turn) => ports.soon(turn));
    this.#busy = new BusyTime(ports.clock, this.#turns);
    this.#alarmAt = alarmAt;
    this.#waiters = new Waiters(
      (work, ms) => ports.later(work, ms),
      (reason) => ports.abort(reason),
    );
    const { clock, shards } = ports;
    const wallClock = {
      now: () => clock.now(),
      after: (ms: number, run: () => void) => ports.later(run, ms),
    };
    const turn = <Value>(partition: Partition, work: () => Value): Value | undefined => {
      let value: Value | undefined;
      if (this.#opened !== partition) return value;
      this.#guard(() => {
        value = work();
      }, ignore);
      this.#endTurn();
      this.#waiters.wake();
      return value;
    };
    this.#delivery = new OutputDelivery(shards, wallClock, this.#retries, turn);
    this.#changes = new ChangeDelivery(ports.hubs, wallClock, turn);
    this.#transfer = new SavepointTransfer(ports, this.#retries, turn);
    this.#report = new ActivityReport((identity) => ports.reportActive(identity));
    this.#place = new OpenedPartition(ports, options);
    this.#appends = new AppendGroups(this.#turns, (group) => this.#log(group));
    this.#reads = new PartitionReads({
      answer: (turn) => this.#answer(() => turn(this.#partition)),
      until: (isMet, ms, late) => this.#waiters.until(() => isMet(this.#partition), ms, late),
      soon: (work) => ports.soon(work),
      restartedAt: (this.#opened?.log.nextOffset ?? 1) - 1,
      ...{ functions: ports.functions, module: options.module },
    });
    this.#endTurn();
  }

  setUp(...[identity, handover]: Parameters<PartitionRpc["setUp"]>): Promise<RpcResult<null>> {
    return this.#answer(() => {
      this.#place.open(handover).setUp(identity);
      return null;
    });
  }

  async append(requests: readonly AppendRequest[]): Promise<RpcResult<readonly AppendResult[]>> {
    try {
      this.#compareClock(newestOf(requests));
      const isChannel = requests.some(({ link }) => link);
      const results = await this.#appends.append(requests, isChannel);
      // A sender of another stage may go on when it has the answer: it gets it when there is room for more.
      const hasCredit = () => this.#opened?.hasCredit ?? true;
      if (isChannel && !hasCredit()) await this.#waiters.until(hasCredit, creditWaitMs, "");
      return { ok: true, value: results };
    } catch (thrown) {
      return { ok: false, error: errorBodyOf(thrown) };
    }
  }

  setWatermark(generation: number, watermark: bigint, mapVersion?: number): Promise<RpcResult<number>> {
    return this.#answer(() => this.#partition.setWatermark(generation, watermark, mapVersion));
  }

  tick(...[generation, tick]: Parameters<PartitionRpc["tick"]>) {
    const tell = () => this.#tell((partition) => partition.tick(generation, tick));
    return this.#inTime(tick.sentAt, tell);
  }

  orderProducers(...[generation, orders, deadline]: Parameters<PartitionRpc["orderProducers"]>) {
    const order = (partition: Partition) => partition.orderProducers(generation, orders, deadline);
    return this.#inTime(deadline - appendDeadlineMs, () => this.#tell(order));
  }

  command(generation: number, command: JobCommand, sentAt?: number): Promise<RpcResult<null>> {
    return this.#inTime(sentAt, () => this.#command(generation, command));
  }

  async #command(generation: number, command: JobCommand): Promise<RpcResult<null>> {
    const restored = this.#opened ? await this.#transfer.restoreFor(this.#opened, command) : undefined;
    if (restored?.outcome === "Unreached") return { ok: false, error: restored.error };
    return this.#answer(() => {
      this.#partition.command(generation, command);
      if (restored?.outcome === "Failed") this.#partition.jobs.fail(command.run, restored.error);
      this.#waiters.wake();
      return null;
    });
  }

  mend(...[run, mending]: Parameters<PartitionRpc["mend"]>): Promise<RpcResult<boolean>> {
    return this.#answer(() => this.#partition.jobs.mend(run, mending));
  }

  tokenBehind(...asked: Parameters<PartitionRpc["tokenBehind"]>): Promise<RpcResult<readonly number[]>> {
    const [job, run, offset, to, timeoutMs, sentAt] = asked;
    return this.#inTime(sentAt, () => this.#reads.tokenBehind(job, run, offset, to, timeoutMs));
  }

  beginSavepoint(...asked: Parameters<PartitionRpc["beginSavepoint"]>) {
    return this.#tell((partition) => partition.beginSavepoint(...asked));
  }

  split(...[order, sentAt]: Parameters<PartitionRpc["split"]>) {
    return this.#inTime(sentAt, () => this.#answer(() => this.#partition.split(order)));
  }

  beginMap(...asked: Parameters<PartitionRpc["beginMap"]>) {
    return this.#tell((partition) => partition.beginMap(...asked));
  }

  handoverOf(...[run, split, sentAt]: Parameters<PartitionRpc["handoverOf"]>) {
    return this.#inTime(sentAt, () => this.#answer(() => this.#partition.handoverOf(run, split)));
  }

  savepointStatus(...[run, savepoint, sentAt]: Parameters<PartitionRpc["savepointStatus"]>) {
    const status = () => this.#answer(() => this.#partition.savepointStatus(run, savepoint));
    return this.#inTime(sentAt, status);
  }

  status(sentAt?: number): Promise<RpcResult<PartitionStatus | null>> {
    const look = (): PartitionStatus | null => {
      const status = this.#place.known?.status();
      if (!status) return null;
      const jobs = status.jobs.map((job) => ({ ...job, ...this.#retries.of(job.run) }));
      return { ...status, jobs, busyMs: this.#busy.ms };
    };
    return this.#inTime(sentAt, () => this.#answer(look));
  }

  queryView(...[job, run, scan, wait]: Parameters<PartitionRpc["queryView"]>) {
    return this.#inTime(wait?.sentAt, () => this.#reads.query(job, run, scan, wait));
  }

  evaluateView(...asked: Parameters<PartitionRpc["evaluateView"]>) {
    return this.#reads.evaluateView(...asked);
  }

  evaluateStream(...asked: Parameters<PartitionRpc["evaluateStream"]>) {
    return this.#reads.evaluateStream(...asked);
  }

  follow(...asked: Parameters<PartitionRpc["follow"]>) {
    return this.#reads.follow(...asked);
  }

  changes(...asked: Parameters<PartitionRpc["changes"]>) {
    return this.#reads.changes(...asked);
  }

  snapshot(...asked: Parameters<PartitionRpc["snapshot"]>) {
    return this.#reads.snapshot(...asked);
  }

  letters(...[query]: Parameters<PartitionRpc["letters"]>) {
    return this.#answer(() => this.#partition.letters.read(query));
  }

  beginReplay(...[wish]: Parameters<PartitionRpc["beginReplay"]>) {
    return this.#answer(() => this.#partition.letters.beginReplay(wish) ?? null);
  }

  endReplay(...asked: Parameters<PartitionRpc["endReplay"]>) {
    return this.#tell((partition) => partition.letters.endReplay(...asked));
  }

  async destroy(generation: number): Promise<RpcResult<null>> {
    if (this.#opened?.isSetUp && this.#opened.identity.generation !== generation) {
      return { ok: true, value: null };
    }
    if (this.#opened) this.#changes.endAll(this.#opened);
    await this.#ports.clearStorage();
    this.#alarmAt = undefined;
    this.#place.forget();
    this.#waiters.wake();
    return { ok: true, value: null };
  }

  /**
   * The platform's alarm: does what time asks for and sets the next one. Throws nothing but for lost storage.
   */
  async alarm(): Promise<void> {
    this.#alarmAt = undefined;
    await this.#answer(() => {
      this.#opened?.heartbeat();
      this.#reportActive();
      return null;
    });
  }

  /**
   * Ends this object where its clock stands still. Nothing of the turn may follow: the sender sends again, to
   * the one that has the machine's time.
   */
  #compareClock(sentAt: number): void {
    if (!this.#clockCheck.isAhead(sentAt)) return;
    this.#ports.abort(clockWasPutBack);
    throw new EngineError("PARTITION_UNAVAILABLE", { message: clockWasPutBack });
  }

  /** Answers as `work` does, unless this object ends since its clock stands still. */
  async #inTime<Value>(
    sentAt: number | undefined,
    work: () => Promise<RpcResult<Value>>,
  ): Promise<RpcResult<Value>> {
    try {
      if (sentAt !== undefined) this.#compareClock(sentAt);
    } catch (thrown) {
      return { ok: false, error: errorBodyOf(thrown) };
    }
    return await work();
  }

  #tell(work: (partition: Partition) => void): Promise<RpcResult<null>> {
    return this.#answer(() => {
      work(this.#partition);
      return null;
    });
  }

  get #opened(): Partition | undefined {
    return this.#place.partition;
  }

  get #partition(): Partition {
    return this.#place.here;
  }

  /** Logs a group and answers its callers; what a stage sent is also applied, if it is little. */
  #log({ requests, isChannel, logged, failed }: AppendGroup): void {
    this.#guard(
      () => {
        const results = this.#opened?.append(requests) ?? this.#place.refuse(requests);
        this.#reportActive();
        this.#step(isChannel ? bytesAtOnce : 0);
        this.#afterTurn();
        logged(results);
        this.#waiters.wake();
      },
      (cause) => {
        failed(cause);
        this.#lookAgain();
      },
    );
  }

  /** Does some slices of work and goes on in a later turn while there is more. */
  #work(): boolean {
    this.#isWorking = false;
    this.#guard(
      () => {
        this.#step(bytesPerTurn);
        this.#afterTurn();
        this.#waiters.wake();
      },
      () => this.#lookAgain(),
    );
    return true;
  }

  /** Does some slices of work, about `bytesMax` of log. */
  #step(bytesMax: number): void {
    let bytes = 0;
    if (this.#opened?.hasReadyWork) this.#busy.note();
    for (let slice = 0; slice < slicesPerTurn && bytes < bytesMax; slice++) {
      const step = this.#opened?.step() ?? 0;
      if (step === 0) break;
      bytes += step;
    }
  }

  /** Does what ends a turn even where that fails. */
  #endTurn(): void {
    this.#guard(
      () => this.#afterTurn(),
      () => this.#lookAgain(),
    );
  }

  /** Sends what is to be sent; keeps an alarm no later than the partition needs, and the work going. */
  #afterTurn(): void {
    if (this.#opened?.isSetUp) {
      this.#delivery.send(this.#opened);
      this.#changes.send(this.#opened);
      this.#transfer.upload(this.#opened);
    }
    const isSoon = this.#alarmAt !== undefined && this.#alarmAt <= this.#ports.clock.now() + heartbeatMs;
    const at = isSoon ? undefined : this.#opened?.nextAlarm();
    if (at !== undefined) this.#wakeBy(at);
    if (this.#isWorking || !this.#opened?.hasReadyWork) return;
    this.#isWorking = true;
    this.#turns.add(() => this.#work());
  }

  /** Sets the alarm unless it is as early already. */
  #wakeBy(at: number): void {
    if (this.#alarmAt !== undefined && this.#alarmAt <= at) return;
    this.#alarmAt = at;
    this.#ports.setAlarm(at);
  }

  /** A turn that broke off left nobody knows what work: an alarm finds out. */
  #lookAgain(): void {
    this.#wakeBy(this.#ports.clock.now() + heartbeatMs);
  }

  #reportActive(): void {
    if (this.#opened?.isSetUp) this.#report.make(this.#opened);
  }

  /** Runs one turn and answers with its value or its error. */
  async #answer<Value>(turn: () => Value): Promise<RpcResult<Value>> {
    let result: RpcResult<Value> | undefined;
    this.#guard(
      () => {
        result = { ok: true, value: turn() };
      },
      (cause) => {
        result = { ok: false, error: errorBodyOf(cause) };
      },
    );
    this.#endTurn();
    return result ?? { ok: false, error: errorBodyOf(new Error("the turn gave no answer")) };
  }

  /**
   * When storage fails nobody knows what the turn wrote: the object ends and starts again from what is
   * durable.
   */
  #guard(turn: () => void, failed: (cause: unknown) => void): void {
    try {
      turn();
    } catch (thrown) {
      failed(thrown);
      if (thrown instanceof StorageFailure) this.#ports.abort(thrown.message);
    }
  }
}

/** When the newest of some appends was sent, ms; late in time where one does not say. */
function newestOf(requests: readonly AppendRequest[]): number {
  return Math.max(...requests.map(({ deadline, sentAt = deadline - appendDeadlineMs }) => sentAt));
}

function ignore(): void {}
