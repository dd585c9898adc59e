/**
 * I8: every host ends terminated or ACTIVE: none DRAINING, in Standby, detached, or running without having joined. What
 * others left so, or leave so meanwhile, is theirs.
 */
import { inputOf, texts } from './calls.ts';
import { type CheckerFactory, isOurs, tookEffect, Verdicts } from './checker.ts';
import type { HostLine } from './lines.ts';

/** A host that the group launched this recently may still boot. */
const BOOT_MS = 900_000;

const TAKES_OUT = new Set(['AutoScaling.DetachInstances', 'AutoScaling.EnterStandby']);

export const noHostIsLeftBehind: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I8', context.startedAtMs);
  const takenOut = new Set<string>();

  return {
    invariant: 'I8',
    violations: verdicts.violations,
    observe(observation) {
      if (observation.kind !== 'call' || !TAKES_OUT.has(observation.operation)) return;
      const isOwn = isOurs({ kind: 'function', name: observation.function });
      if (!isOwn || !tookEffect(observation.answer)) return;
      for (const instanceId of texts(inputOf(observation).InstanceIds)) takenOut.add(instanceId);
    },
    end(truth) {
      for (const host of context.chronicle.hosts.values()) {
        const now = truth.host(host.instanceId);
        if (now?.state !== 'running' && now?.state !== 'stopped') continue;
        const problem = problemOf(host, now.lifecycleState, now.group, truth.nowMs);
        if (problem) verdicts.add(truth.nowMs, host.instanceId, `${host.instanceId} ends ${problem}`);
      }
    },
  };

  function problemOf(
    host: HostLine,
    lifecycleState: string | null,
    group: string | null,
    nowMs: number,
  ): string | undefined {
    const isMember = group !== null && lifecycleState !== null;
    if (takenOut.has(host.instanceId) && !isMember) return 'detached from its group';
    if (takenOut.has(host.instanceId) && lifecycleState === 'Standby') return 'in Standby';
    // Gone for the group already, AWS ends it; or in its warm pool, where no host has joined yet.
    if (/^(Terminating|Warmed:)/.test(lifecycleState ?? '')) return undefined;
    if (host.status === 'DRAINING' && host.drainedByUs) return 'DRAINING, as we set it';
    const isOwn = host.group !== null && context.groups.has(host.group);
    if (host.wasThereAtStart || !isOwn || host.registeredAtMs !== undefined) return undefined;
    if (nowMs - host.launchedAtMs < BOOT_MS) return undefined;
    return `running since ${(nowMs - host.launchedAtMs) / 1000} s without having joined the cluster`;
  }
};
