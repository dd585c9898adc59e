/** A run in the middle of its life, for tests of single handlers. */
import { takeClaim } from '../../functions/aws/ledger/claims.ts';
import { beginRun, writeMemory, writeRunPlan } from '../../functions/aws/ledger/runs.ts';
import type { Table } from '../../functions/aws/ledger/table.ts';
import type { GroupMemory, RunMemory } from '../../functions/core/memory.ts';
import type { Plan } from '../../functions/core/plan.ts';
import { NO_ACTS, type RunState } from '../../functions/edge/run-state.ts';
import { DEFAULT_SETTINGS } from '../../functions/edge/settings.ts';

export const EXECUTION = 'arn:aws:states:eu-west-1:111122223333:execution:ecs-rollover:run-1';
export const NOW_MS = Date.parse('2026-11-22T12:00:00Z');

export const state: RunState = {
  version: 1,
  cluster: 'prod',
  request: { cluster: 'prod', mode: 'roll', reason: 'manual' },
  execution: EXECUTION,
  mode: 'roll',
  runId: 'run-1',
  token: 1,
  next: 'assess',
  step: NO_ACTS,
  nextLookAt: '2026-11-22T12:00:00.000Z',
  counters: { ticks: 0, events: 0, failures: 0 },
  summary: {},
};

export const groupMemory: GroupMemory = {
  autoScalingGroupName: 'hosts',
  original: {
    minSize: 2,
    maxSize: 4,
    desiredCapacity: 2,
    suspendedProcesses: [],
    newInstancesProtectedFromScaleIn: false,
    launchSource: JSON.stringify({ LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '$Latest' } }),
  },
  targetImages: { '*': 'ami-0new' },
  targetImageIds: ['ami-0new'],
  set: {
    minSize: 4,
    maxSize: 4,
    desiredCapacity: 4,
    launchSource: JSON.stringify({ LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '7' } }),
  },
  createdVersions: { 'lt-1:6': 7 },
  defaultVersions: { 'lt-1': 6 },
  suspendedByUs: ['AZRebalance', 'ScheduledActions'],
  goal: 2,
};

export const memory: RunMemory = {
  runId: 'run-1',
  startedAtMs: NOW_MS - 600_000,
  phase: 'rolling',
  lastProgressAtMs: NOW_MS,
  daemonsAtPlan: [],
  groups: [groupMemory],
  hosts: [{ instanceId: 'i-0old', role: 'outdated', autoScalingGroupName: 'hosts' }],
  services: [],
  movesSeen: 0,
};

export const plan: Plan = {
  verdict: 'roll',
  reason: 'one host is outdated',
  groups: [
    {
      autoScalingGroupName: 'hosts',
      target: { source: 'launch-template', images: [], imageIds: ['ami-0new'], resolvesAlready: false },
      surge: 2,
      outdated: ['i-0old'],
      referenceOnly: false,
    },
  ],
  keptOut: [],
  exempt: [],
  findings: [],
  predicted: { durationSeconds: 600, moves: 4, extraInstanceHours: 1 },
  taskCount: 4,
};

/** Puts the run into the ledger: claimed with token 1 by `state`'s execution. */
export async function begin(table: Table, changed: Partial<RunMemory> = {}): Promise<void> {
  await takeClaim(table, {
    cluster: 'prod',
    owner: EXECUTION,
    runId: 'run-1',
    purpose: 'outdated',
    nowMs: Date.now(),
  });
  await beginRun(table, {
    runId: 'run-1',
    cluster: 'prod',
    clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod',
    execution: EXECUTION,
    mode: 'roll',
    request: { ...state.request },
    settings: DEFAULT_SETTINGS,
    startedAtMs: memory.startedAtMs,
  });
  await writeRunPlan(table, 'run-1', plan, memory.startedAtMs);
  await writeMemory(table, { ...memory, ...changed });
}

/** Another run takes the cluster over: every token of before is void. */
export async function loseClaim(table: Table): Promise<void> {
  const { readClaim } = await import('../../functions/aws/ledger/claims.ts');
  const claim = await readClaim(table, 'prod');
  await takeClaim(table, {
    cluster: 'prod',
    owner: `${EXECUTION}-other`,
    runId: 'run-2',
    purpose: 'outdated',
    nowMs: Date.now(),
    ...(claim === undefined ? {} : { takesOver: claim }),
  });
}
