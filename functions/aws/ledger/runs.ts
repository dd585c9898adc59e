/** Runs: what a run is for, what it planned, and what it remembers, one item per host, group and service. */
import type { Interruption } from '../../core/interruption.ts';
import type {
  DrainRefusal,
  GroupMemory,
  HostMemory,
  Join,
  RunMemory,
  ServiceMemory,
} from '../../core/memory.ts';
import type { Ending } from '../../core/outcome.ts';
import type { Plan } from '../../core/plan.ts';
import type { Provenance } from '../../core/provenance.ts';
import type { Settings } from '../../core/settings.ts';
import type { Step } from '../../core/step.ts';
import { planIn, writePlan } from './plans.ts';
import type { Item, Table } from './table.ts';

/** How long a run can be read after it began: Step Functions keeps closed executions as long. */
const KEPT_DAYS = 90;

/** The run's own record. */
export interface RunRecord {
  readonly runId: string;
  readonly cluster: string;
  readonly clusterArn: string;
  /** The execution that began it. */
  readonly execution: string;
  readonly mode: string;
  /** The request as parsed. */
  readonly request: Readonly<Record<string, unknown>>;
  /** In force for the whole run, whatever tags say later. */
  readonly settings: Settings;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  readonly outcome?: Ending;
  /** What, or who, made it begin. */
  readonly triggeredBy?: Provenance;
  /** Who said yes to it; written when it ends. */
  readonly approvedBy?: { readonly by: string; readonly atMs: number };
  /** Executions that carried the run on, in order. */
  readonly continuedBy?: readonly string[];
}

export type Control = NonNullable<RunMemory['control']>;
export type Approved = NonNullable<RunMemory['approved']>;

/** Everything that the ledger holds of a run. */
export interface Run {
  readonly record: RunRecord;
  /** Undefined before `prepare`, and for runs that only planned. */
  readonly memory?: RunMemory;
  readonly plan?: Plan;
}

type RunHeader = Omit<
  RunMemory,
  'groups' | 'hosts' | 'services' | 'control' | 'approved' | 'joins' | 'interruptions' | 'spared'
>;

/** Reads a run, also after it is over. */
export async function readRun(table: Table, runId: string): Promise<Run | undefined> {
  const items = await table.query(pkOfRun(runId));
  const record = dataOf<RunRecord>(items, 'RUN');
  if (record === undefined) return undefined;
  const header = dataOf<RunHeader>(items, 'MEMORY');
  const plan = planIn(items);
  return {
    record,
    ...(header === undefined ? {} : { memory: memoryOf(header, items) }),
    ...(plan === undefined ? {} : { plan }),
  };
}

/** Of a run, only what says how it is to be gone about: two items, whatever the size of the cluster. */
export async function readHeader(
  table: Table,
  runId: string,
): Promise<{ readonly record?: RunRecord; readonly phase?: RunMemory['phase'] }> {
  const [record, header] = await Promise.all([
    table.get<RunRecord>(pkOfRun(runId), 'RUN'),
    table.get<RunHeader>(pkOfRun(runId), 'MEMORY'),
  ]);
  return {
    ...(record && { record: record.data }),
    ...(header && { phase: header.data.phase }),
  };
}

function memoryOf(header: RunHeader, items: readonly Item[]): RunMemory {
  const control = dataOf<Control>(items, 'CONTROL');
  const approved = dataOf<Approved>(items, 'APPROVED');
  const joins = under<Join>(items, 'JOIN#');
  const interruptions = under<Interruption>(items, 'INTERRUPTED#');
  const spared = under<Interruption>(items, 'SPARED#');
  const intents = new Map(under<TerminateIntent>(items, 'INTENT#').map((one) => [one.instanceId, one]));
  const refusals = new Map(under<RefusedDrain>(items, 'REFUSED#').map((one) => [one.instanceId, one]));
  return {
    ...header,
    ...(control === undefined ? {} : { control }),
    ...(approved === undefined ? {} : { approved }),
    ...(joins.length === 0 ? {} : { joins }),
    ...(interruptions.length === 0 ? {} : { interruptions }),
    ...(spared.length === 0 ? {} : { spared }),
    groups: under<GroupMemory>(items, 'GROUP#'),
    hosts: under<HostMemory>(items, 'HOST#').map((host) =>
      withRefusal(withIntent(host, intents.get(host.instanceId)), refusals.get(host.instanceId)),
    ),
    services: under<ServiceMemory>(items, 'SERVICE#'),
  };
}

/** The later of what `decide` meant and what `terminate` really sent, unless that came to nothing. */
function withIntent(host: HostMemory, intent: TerminateIntent | undefined): HostMemory {
  const { terminateIntentMs = 0, intentsLostUntilMs = 0 } = host;
  if (intent === undefined || intent.atMs <= Math.max(terminateIntentMs, intentsLostUntilMs)) return host;
  return { ...host, terminateIntentMs: intent.atMs, terminateDecrement: intent.decrement };
}

function withRefusal(host: HostMemory, refused: RefusedDrain | undefined): HostMemory {
  if (refused === undefined) return host;
  const { count, firstAtMs, lastAtMs, reason } = refused;
  return { ...host, drainRefused: { count, firstAtMs, lastAtMs, reason } };
}

/** Begins a run's record, or leaves the one that is there: a repeat of the same start changes nothing. */
export async function beginRun(table: Table, record: RunRecord): Promise<void> {
  await table.putNew(runItem(record));
}

/** Changes some fields of the run's record. */
export async function updateRun(table: Table, runId: string, change: Partial<RunRecord>): Promise<void> {
  const item = await table.get<RunRecord>(pkOfRun(runId), 'RUN');
  if (item === undefined) return;
  await table.put(runItem({ ...item.data, ...change }));
}

export async function writeRunPlan(table: Table, runId: string, plan: Plan, nowMs: number): Promise<void> {
  await writePlan(table, pkOfRun(runId), plan, expiry(nowMs));
}

/** Writes a whole memory; for the moment at which a run is prepared. */
export async function writeMemory(table: Table, memory: RunMemory): Promise<void> {
  const { groups, hosts, services } = memory;
  await remember(table, memory, { run: {}, groups, hosts, services });
}

/** Writes what changed, before the act it describes: items whole, the run's own part merged into what was read. */
export async function remember(table: Table, before: RunMemory, changed: Step['remember']): Promise<void> {
  const pk = pkOfRun(before.runId);
  const ttl = expiry(before.startedAtMs);
  const items: Item[] = [
    ...changed.groups.map((group) => ({
      pk,
      sk: `GROUP#${group.autoScalingGroupName}`,
      data: { ...group },
      ttl,
    })),
    ...changed.hosts.map((host) => ({ pk, sk: `HOST#${host.instanceId}`, data: { ...host }, ttl })),
    ...changed.services.map((service) => ({
      pk,
      sk: `SERVICE#${service.serviceName}`,
      data: { ...service },
      ttl,
    })),
  ];
  await table.putAll(items);
  if (changed.run === undefined) return;
  const {
    groups: _groups,
    hosts: _hosts,
    services: _services,
    control: _control,
    approved: _approved,
    joins: _joins,
    interruptions: _interruptions,
    spared: _spared,
    ...header
  } = {
    ...before,
    ...changed.run,
  };
  await table.put({ pk, sk: 'MEMORY', data: header, ttl });
}

/** What somebody asks of a running run; `assess` reads it at its next tick. An item of its own: the run writes the others. */
export async function writeControl(table: Table, runId: string, control: Control): Promise<void> {
  await table.put({ pk: pkOfRun(runId), sk: 'CONTROL', data: { ...control } });
}

/** Somebody approves what waits after the trial; the run's next look goes on. */
export async function writeApproved(table: Table, runId: string, approved: Approved): Promise<void> {
  await table.put({ pk: pkOfRun(runId), sk: 'APPROVED', data: { ...approved } });
}

/** Named hosts for the running run; it writes that it took them into the same item. */
export async function writeJoin(table: Table, runId: string, join: Join): Promise<void> {
  await table.put({ pk: pkOfRun(runId), sk: `JOIN#${join.purpose}`, data: { ...join } });
}

/** A host that Spot takes back, for the running run. */
export async function writeInterruption(
  table: Table,
  runId: string,
  interruption: Interruption,
): Promise<void> {
  const sk = `INTERRUPTED#${interruption.instanceId}`;
  await table.put({ pk: pkOfRun(runId), sk, data: { ...interruption }, ttl: expiry(interruption.atMs) });
}

export async function isKnownInterruption(table: Table, runId: string, instanceId: string): Promise<boolean> {
  return (await table.get(pkOfRun(runId), `INTERRUPTED#${instanceId}`)) !== undefined;
}

/** A host that the running run is not to replace after all. */
export async function writeSpared(
  table: Table,
  runId: string,
  instanceId: string,
  atMs: number,
): Promise<void> {
  const sk = `SPARED#${instanceId}`;
  await table.put({ pk: pkOfRun(runId), sk, data: { instanceId, atMs }, ttl: expiry(atMs) });
}

/** A terminate that is about to be sent. */
export interface TerminateIntent {
  readonly instanceId: string;
  readonly atMs: number;
  readonly decrement: boolean;
  /** The step that asked for it: a second delivery of the same step finds that it was sent. */
  readonly stepId: string;
}

/**
 * Writes the intent, unless this very step wrote it before.
 *
 * @returns undefined when this step wrote it already: then the call must not be sent again. `again`: an earlier step's came to
 * nothing.
 */
export async function intendToTerminate(
  table: Table,
  runId: string,
  intent: TerminateIntent,
): Promise<'first' | 'again' | undefined> {
  const sk = `INTENT#${intent.instanceId}`;
  const item = await table.get<TerminateIntent>(pkOfRun(runId), sk);
  if (item?.data.stepId === intent.stepId) return undefined;
  const next = { pk: pkOfRun(runId), sk, data: { ...intent }, version: (item?.version ?? 0) + 1 };
  if (!(await table.replace(next, item?.version))) return undefined;
  return item === undefined ? 'first' : 'again';
}

/** The call was refused for certain: the same step may send it again. */
export async function withdrawIntent(table: Table, runId: string, instanceId: string): Promise<void> {
  await table.remove(pkOfRun(runId), `INTENT#${instanceId}`);
}

interface RefusedDrain extends DrainRefusal {
  readonly instanceId: string;
  readonly stepId: string;
}

/** ECS would not drain the host, and said so in an answer that succeeded; counted once for each step. */
export async function noteRefusedDrain(
  table: Table,
  runId: string,
  { instanceId, reason, atMs, stepId }: { instanceId: string; reason: string; atMs: number; stepId: string },
): Promise<void> {
  const [pk, sk] = [pkOfRun(runId), `REFUSED#${instanceId}`];
  const before = (await table.get<RefusedDrain>(pk, sk))?.data;
  if (before?.stepId === stepId) return;
  const { count = 0, firstAtMs = atMs } = before ?? {};
  await table.put({
    pk,
    sk,
    data: { instanceId, count: count + 1, firstAtMs, lastAtMs: atMs, reason, stepId },
  });
}

/** Every MinSize and MaxSize that a run set on a group: a size that is none of them is somebody else's. */
export interface SizesSet {
  readonly minSizes: readonly number[];
  readonly maxSizes: readonly number[];
}

/** Written before the call that sets them. */
export async function noteSizes(
  table: Table,
  runId: string,
  group: string,
  { minSize, maxSize }: { readonly minSize?: number; readonly maxSize?: number },
): Promise<void> {
  const before = await readSizes(table, runId, group);
  const minSizes = [...new Set([...before.minSizes, ...(minSize === undefined ? [] : [minSize])])];
  const maxSizes = [...new Set([...before.maxSizes, ...(maxSize === undefined ? [] : [maxSize])])];
  await table.put({ pk: pkOfRun(runId), sk: `SIZES#${group}`, data: { minSizes, maxSizes } });
}

export async function readSizes(table: Table, runId: string, group: string): Promise<SizesSet> {
  const item = await table.get<SizesSet>(pkOfRun(runId), `SIZES#${group}`);
  return item?.data ?? { minSizes: [], maxSizes: [] };
}

function runItem(record: RunRecord): Item {
  return { pk: pkOfRun(record.runId), sk: 'RUN', data: { ...record }, ttl: expiry(record.startedAtMs) };
}

/** The partition in which all of a run lies. */
export function pkOfRun(runId: string): string {
  return `RUN#${runId}`;
}

export function expiry(startedAtMs: number): number {
  return Math.floor(startedAtMs / 1000) + KEPT_DAYS * 86_400;
}

function dataOf<D>(items: readonly Item[], sk: string): D | undefined {
  return items.find((item) => item.sk === sk)?.data as D | undefined;
}

function under<D>(items: readonly Item[], prefix: string): D[] {
  return items.filter((item) => item.sk.startsWith(prefix)).map((item) => item.data as D);
}
