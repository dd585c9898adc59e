/** A plan for a cluster as it stands now: facts, settings in force, and what planning makes of them. */
import { readAlarms } from '../aws/alarms.ts';
import { unique } from '../aws/batches.ts';
import {
  autoScaling,
  cloudWatch,
  dynamodb,
  ec2,
  ecr,
  ecs,
  elasticLoadBalancing,
  serviceQuotas,
  ssm,
} from '../aws/clients.ts';
import { readWorld } from '../aws/facts/read-facts.ts';
import { readPlanFacts } from '../aws/facts/read-plan-facts.ts';
import type { Remembering } from '../aws/facts/read-running.ts';
import { type HistoryEntry, listHistory, listQuarantine } from '../aws/ledger/notes.ts';
import { loadPicture, savePicture } from '../aws/ledger/snapshots.ts';
import { createTable, type Table } from '../aws/ledger/table.ts';
import type { Facts, ImageFacts } from '../core/facts.ts';
import type { PastRun } from '../core/images/soak.ts';
import type { RunMemory } from '../core/memory.ts';
import { makePlan } from '../core/plan/make-plan.ts';
import type { PlanFacts } from '../core/plan/plan-facts.ts';
import type { Plan } from '../core/plan.ts';
import { imageSourceFor, type Settings } from '../core/settings.ts';
import { environment } from '../edge/environment.ts';
import { BadRequest } from '../edge/errors.ts';
import { measure } from '../edge/metrics.ts';
import type { Request } from '../edge/request.ts';
import { resolveSettings } from '../edge/settings.ts';

export const factClients = { ecs, autoScaling, ec2, cloudWatch, elasticLoadBalancing };

export interface Planned {
  readonly facts: Facts;
  readonly planFacts: PlanFacts;
  readonly settings: Settings;
  readonly plan: Plan;
}

/**
 * @returns undefined while the cluster is still being read: another invocation goes on with it.
 * @throws BadRequest when a layer of settings has problems: then nobody can say what is in force.
 */
export async function planCluster(
  cluster: string,
  request: Request,
  memory: RunMemory,
): Promise<Planned | undefined> {
  const nowMs = Date.now();
  const table = createTable(dynamodb, environment().tableName);
  const planned = await surveyCluster(
    table,
    cluster,
    request,
    memory,
    rememberingOf(table, memory.runId, nowMs),
  );
  if (planned !== undefined) measureImages(planned.facts, planned.plan, planned.planFacts.images, nowMs);
  return planned;
}

/** As `planCluster`, telling nobody: for evidence. It writes nothing but what `remembering` does. */
export async function surveyCluster(
  table: Table,
  cluster: string,
  request: Request,
  memory: RunMemory,
  remembering: Remembering,
): Promise<Planned | undefined> {
  const nowMs = Date.now();
  const world = await readWorld(factClients, {
    cluster,
    memory,
    nowMs,
    alarms: [],
    look: 'whole',
    remembering,
  });
  if (world === undefined) return undefined;
  const settings = settingsInForce(world.facts, request);
  const [alarms, quarantine, history] = await Promise.all([
    readAlarms(cloudWatch, settings.alarms),
    listQuarantine(table),
    listHistory(table),
  ]);
  const facts = { ...world.facts, alarms };
  const sources = unique([
    ...(request.image === undefined ? [] : [request.image]),
    ...facts.groups.map((group) => imageSourceFor(settings, group.autoScalingGroupName)),
  ]);
  const planFacts = await readPlanFacts(
    { ...factClients, ssm, ecr, serviceQuotas },
    { ...world, facts },
    sources,
    {
      quarantine,
      pastRuns: pastRunsOf(history),
    },
  );
  const refusesWarmPools = environment().guardrails.warmPools === 'refuse';
  const plan = makePlan(facts, { ...planFacts, refusesWarmPools }, settings, request, nowMs);
  return { facts, planFacts, settings, plan };
}

/** Of a Lambda's minute; the rest is for what follows the tasks: hosts, targets, protection, and the decision. */
const READ_SECONDS = 35;

/** The run's picture of a large cluster in the ledger, for an invocation that began at this moment. */
export function rememberingOf(table: Table, runId: string, nowMs: number): Remembering {
  return {
    load: () => loadPicture(table, runId),
    save: (picture) => savePicture(table, runId, picture, nowMs),
    untilMs: nowMs + READ_SECONDS * 1000,
  };
}

const DAY_MS = 86_400_000;

/** How old the oldest image of a group's hosts is, and how far behind the target's. */
function measureImages(facts: Facts, plan: Plan, images: readonly ImageFacts[], nowMs: number): void {
  const createdAtMs = new Map(images.map((image) => [image.imageId, image.createdAtMs]));
  for (const { autoScalingGroupName, target } of plan.groups) {
    const born = facts.hosts
      .filter((host) => host.autoScalingGroupName === autoScalingGroupName)
      .flatMap((host) => createdAtMs.get(host.imageId ?? '') ?? []);
    if (born.length === 0) continue;
    const oldestMs = Math.min(...born);
    const targetMs = Math.max(...target.imageIds.flatMap((id) => createdAtMs.get(id) ?? []));
    measure(
      {
        OldestImageAgeDays: (nowMs - oldestMs) / DAY_MS,
        ...(Number.isFinite(targetMs) && { ImageLagDays: Math.max(0, targetMs - oldestMs) / DAY_MS }),
      },
      { cluster: facts.clusterName, autoScalingGroupName },
    );
  }
}

/** What runs say of their images, for `after`. */
export function pastRunsOf(history: readonly HistoryEntry[]): PastRun[] {
  return history
    .filter(({ kind }) => kind === undefined)
    .map(({ cluster, imageIds, endedAtMs, ending }) => ({
      cluster,
      imageIds,
      endedAtMs,
      outcome: ending.outcome,
    }));
}

/** A memory of nothing: for a look at a cluster that no run has touched. */
export function emptyMemory(runId: string, nowMs: number): RunMemory {
  return {
    runId,
    startedAtMs: nowMs,
    phase: 'rolling',
    lastProgressAtMs: nowMs,
    daemonsAtPlan: [],
    groups: [],
    hosts: [],
    services: [],
    movesSeen: 0,
  };
}

function settingsInForce(facts: Facts, request: Request): Settings {
  const { settings: deployment, guardrails } = environment();
  const windows = facts.hosts.filter((host) => host.attributes['ecs.os-type'] === 'windows');
  const resolved = resolveSettings(
    {
      deployment,
      clusterTags: facts.clusterTags,
      groupTags: Object.fromEntries(facts.groups.map((group) => [group.autoScalingGroupName, group.tags])),
      request: request.settings,
      windowsGroups: unique(windows.flatMap((host) => host.autoScalingGroupName ?? [])),
    },
    guardrails,
  );
  if (resolved.problems.length > 0) throw new BadRequest(resolved.problems);
  return resolved.settings;
}
