/**
 * The coordinator's object: one per deployment, named "coordinator".
 *
 * The public methods of a Durable Object are its RPC surface, so each of these passes on and nothing else is
 * public.
 */
import { DurableObject } from "cloudflare:workers";
import { ClockCheck, clockWasPutBack } from "../host/clock-check.ts";
import { AccessTokens, type AccessTokensRpc } from "../host/coordinator/access-tokens.ts";
import { AuditLog } from "../host/coordinator/audit-log.ts";
import { Coordinator as CoordinatorHost } from "../host/coordinator/coordinator.ts";
import type { CoordinatorRpc, ProducerRegistration } from "../host/coordinator/coordinator-rpc.ts";
import type { CoordinatorObjectRpc } from "../host/coordinator/object-rpc.ts";
import { type Existing, type SqlObject, SqlObjects } from "../host/coordinator/sql-objects.ts";
import { TokenHolders } from "../host/coordinator/token-holders.ts";
import { PartitionSurvey } from "../host/metrics/survey.ts";
import type { AuditedAction } from "../protocol/audit.ts";
import type { MendingWish, RunState } from "../protocol/mending-body.ts";
import type { SavepointWish } from "../protocol/savepoint-body.ts";
import type { StreamDefinition } from "../protocol/stream-spec.ts";
import type { Environment } from "./environment.ts";
import { generatedStreams } from "./generated-streams.ts";
import { KeptHubStubs } from "./hub-stubs.ts";
import { isolate } from "./isolate.ts";
import { ObjectStorage } from "./object-storage.ts";
import { PlatformWallClock } from "./platform-wall-clock.ts";
import { blobsOf } from "./savepoint-blobs.ts";
import { KeptShardStubs } from "./shard-stubs.ts";
import { SharedAlarm } from "./shared-alarm.ts";

export class Coordinator extends DurableObject<Environment> implements CoordinatorObjectRpc {
  readonly #host: CoordinatorHost;
  readonly #alarm: SharedAlarm;
  readonly #clockCheck: ClockCheck;
  readonly #objects: SqlObjects;
  readonly #tokens: AccessTokens;
  readonly #audit: AuditLog;
  readonly #survey: PartitionSurvey;
  readonly #holders: TokenHolders;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    const sql = new ObjectStorage(ctx.storage);
    const clock = new PlatformWallClock();
    const id = ctx.id.toString();
    this.#clockCheck = new ClockCheck(clock, (sentAt) => isolate.clockRestarts.note(id, sentAt));
    this.#objects = new SqlObjects(sql);
    const alarm = new SharedAlarm((at) => void ctx.storage.setAlarm(at));
    this.#alarm = alarm;
    this.#tokens = new AccessTokens(sql, clock, (id) => this.#holders.changed(id));
    this.#holders = new TokenHolders({
      ...{ sql, clock, hubs: new KeptHubStubs(env) },
      goodSecrets: (id) => this.#tokens.secretsOf(id),
      setAlarm: (at) => alarm.set("holders", at),
    });
    this.#audit = new AuditLog(sql, clock);
    const shards = new KeptShardStubs(env);
    this.#survey = new PartitionSurvey({ sql, shards, clock });
    this.#host = new CoordinatorHost({
      ...{ sql, shards, clock, blobs: blobsOf(env) },
      generated: generatedStreams({
        shards,
        askFacts: (name) => this.#host.streamFacts(name),
        askRegistration: (wanted) => this.#host.registerProducer(wanted),
      }),
      setAlarm: (at) => alarm.set("host", at),
      abort: (reason) => ctx.abort(reason),
    });
  }

  async compareClock(now: number): Promise<void> {
    if (this.#clockCheck.isAhead(now)) this.ctx.abort(clockWasPutBack);
  }

  override async alarm() {
    this.#alarm.fired();
    await Promise.all([this.#host.onAlarm(), this.#holders.advance()]);
  }

  streamFacts(name: string) {
    return this.#host.streamFacts(name);
  }

  jobFacts(name: string) {
    return this.#host.jobFacts(name);
  }

  putStream(name: string, definition: StreamDefinition) {
    return this.#host.putStream(name, definition);
  }

  stream(name: string) {
    return this.#host.stream(name);
  }

  streams() {
    return this.#host.streams();
  }

  deleteStream(name: string) {
    return this.#host.deleteStream(name);
  }

  putJob(...put: Parameters<CoordinatorRpc["putJob"]>) {
    return this.#host.putJob(...put);
  }

  job(name: string) {
    return this.#host.job(name);
  }

  jobs() {
    return this.#host.jobs();
  }

  setJobState(name: string, state: RunState, without?: MendingWish) {
    return this.#host.setJobState(name, state, without);
  }

  renewLease(name: string) {
    return this.#host.renewLease(name);
  }

  deleteJob(name: string) {
    return this.#host.deleteJob(name);
  }

  createSavepoint(job: string, wish: SavepointWish) {
    return this.#host.createSavepoint(job, wish);
  }

  savepoints(job: string) {
    return this.#host.savepoints(job);
  }

  savepoint(savepoint: number) {
    return this.#host.savepoint(savepoint);
  }

  deleteSavepoint(savepoint: number) {
    return this.#host.deleteSavepoint(savepoint);
  }

  splitStream(name: string, shard: number, keyGroup: number | undefined) {
    return this.#host.splitStream(name, shard, keyGroup);
  }

  splitStage(job: string, stage: number, partition: number, keyGroup: number | undefined) {
    return this.#host.splitStage(job, stage, partition, keyGroup);
  }

  splitsOfStream(name: string) {
    return this.#host.splitsOfStream(name);
  }

  splitsOfJob(job: string) {
    return this.#host.splitsOfJob(job);
  }

  registerProducer(registration: ProducerRegistration) {
    return this.#host.registerProducer(registration);
  }

  sqlObjects() {
    return this.#objects.sqlObjects();
  }

  putSqlObject(object: SqlObject, existing: Existing) {
    return this.#objects.putSqlObject(object, existing);
  }

  dropSqlObject(kind: SqlObject["kind"], name: string) {
    return this.#objects.dropSqlObject(kind, name);
  }

  createAccessToken(...wanted: Parameters<AccessTokensRpc["createAccessToken"]>) {
    return this.#tokens.createAccessToken(...wanted);
  }

  accessTokens() {
    return this.#tokens.accessTokens();
  }

  accessToken(id: string) {
    return this.#tokens.accessToken(id);
  }

  rotateAccessToken(...wanted: Parameters<AccessTokensRpc["rotateAccessToken"]>) {
    return this.#tokens.rotateAccessToken(...wanted);
  }

  deleteAccessToken(id: string) {
    return this.#tokens.deleteAccessToken(id);
  }

  accessFacts(id: string) {
    return this.#tokens.accessFacts(id);
  }

  holdTokens(...held: Parameters<CoordinatorObjectRpc["holdTokens"]>) {
    return this.#holders.holdTokens(...held);
  }

  recordAction(action: AuditedAction) {
    return this.#audit.recordAction(action);
  }

  auditPage(limit: number, before: number | undefined) {
    return this.#audit.auditPage(limit, before);
  }

  survey() {
    return this.#survey.survey();
  }

  shardActive(stream: string, generation: number, shard: number) {
    return this.#host.shardActive(stream, generation, shard);
  }
}
