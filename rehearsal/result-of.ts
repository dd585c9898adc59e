/** Puts the result together: what was measured from the account, beside what the product said of its plan. */
import { heldBy, keptOutBy } from '../functions/core/explain.ts';
import type { Ending } from '../functions/core/outcome.ts';
import type { Plan } from '../functions/core/plan.ts';
import type { Account } from '../simulator/account.ts';
import { usdOf } from './bill.ts';
import type { RehearsalInput } from './input.ts';
import type { LedgerMirror, MirroredRun } from './ledger-mirror.ts';
import type { Measured } from './metrics/index.ts';
import type { HeldHost, RehearsalResult, ResultFinding, Violation } from './result.ts';

export interface ResultParts {
  readonly input: RehearsalInput;
  readonly account: Account;
  readonly mirror: LedgerMirror;
  readonly ending: Ending;
  readonly measured: Measured;
  readonly violations: readonly Violation[];
  readonly endMs: number;
  readonly notifications: RehearsalResult['notifications'];
}

export function resultOf(parts: ResultParts): RehearsalResult {
  const { input, account, mirror, ending, measured, violations, endMs, notifications } = parts;
  const run = mirror.runs().findLast(({ plan }) => plan !== undefined);
  const { calls, lambda, stepFunctions } = account.cost();
  return {
    outcome: ending.outcome,
    reason: ending.reason,
    seed: input.seed,
    startedAt: input.capture.capturedAt.toISOString(),
    durationSeconds: (endMs - input.capture.capturedAt.getTime()) / 1000,
    instances: { ...measured.instances, held: heldHosts(mirror), exempt: exemptHosts(run) },
    tasks: measured.tasks,
    services: measured.services,
    redeployed: redeployed(mirror),
    findings: (run?.plan?.findings ?? []).map(findingOf),
    predicted: run?.plan?.predicted ?? { durationSeconds: 0, moves: 0, extraInstanceHours: 0 },
    capacity: measured.capacity,
    bound: measured.bound,
    cost: {
      apiCalls: sorted(calls.apiCalls),
      throttled: calls.throttled,
      ...stepFunctions,
      lambdaInvocations: lambda.invocations,
      usd: usdOf(account.cost()),
    },
    restored: measured.restored,
    leftovers: measured.leftovers,
    faults: account.faults.records(),
    notifications,
    violations,
  };
}

/** The last word on each service, of a retirement or of a game day. */
function redeployed(mirror: LedgerMirror): RehearsalResult['redeployed'] {
  const last = new Map<string, RehearsalResult['redeployed'][number]>();
  for (const { cluster, serviceName: service, memory } of [...mirror.redeploys(), ...mirror.gameDays()]) {
    const { outcome, reason: proof } = memory.verdict ?? { outcome: 'waiting', reason: 'it is not over' };
    last.set(`${cluster}/${service}`, { cluster, service, outcome, proof });
  }
  return [...last.values()];
}

/** The public shape has no more than these (docs/rehearsal.md); when an exemption ends is in its reason. */
function exemptHosts(run: MirroredRun | undefined): RehearsalResult['instances']['exempt'] {
  return (run?.plan?.exempt ?? []).map(({ instanceId, reason }) => ({ instanceId, reason }));
}

/** The last word on each host that some run had to do with: kept out by findings, or set aside on the way. */
function heldHosts(mirror: LedgerMirror): HeldHost[] {
  const held = new Map<string, HeldHost>();
  for (const run of mirror.runs()) {
    if (!run.plan) continue;
    const { groups, keptOut, exempt } = run.plan;
    const spokenOf = [...groups.flatMap(({ outdated }) => outdated), ...[...keptOut, ...exempt].map(idOf)];
    for (const instanceId of spokenOf) held.delete(instanceId);
    for (const host of heldIn(run, run.plan)) held.set(host.instanceId, host);
  }
  return [...held.values()];
}

const idOf = ({ instanceId }: { readonly instanceId: string }) => instanceId;

function heldIn({ hosts }: MirroredRun, plan: Plan): HeldHost[] {
  const said = (
    { instanceId }: { readonly instanceId: string },
    why: ReturnType<typeof heldBy>,
  ): HeldHost => ({
    instanceId,
    reason: why.reason,
    ...(why.blockedBy && { blockedBy: why.blockedBy }),
  });
  const keptOut = plan.keptOut.map((host) => said(host, keptOutBy(plan, host)));
  const held = hosts.flatMap((host) => (host.held ? [said(host, heldBy(host.held, true))] : []));
  return [
    ...keptOut,
    ...held.filter(({ instanceId }) => !keptOut.some((kept) => kept.instanceId === instanceId)),
  ];
}

function findingOf({
  severity,
  instanceId,
  service,
  field,
  message,
  remedy,
}: Plan['findings'][number]): ResultFinding {
  return { severity, ...(instanceId && { instanceId }), ...(service && { service }), field, message, remedy };
}

function sorted(calls: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(calls).sort(([a], [b]) => (a < b ? -1 : 1)));
}
