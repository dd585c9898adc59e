/** What people use today does what its source says, on a cluster that makes it show. */
import { beforeAll, describe, expect, it } from 'vitest';
import { AWKWARD, JOB_ENDS_SECONDS } from '../../../rehearsal/bench/clusters.ts';
import { type PolicyFigures, runPolicy } from '../../../rehearsal/bench/comparison.ts';
import { doubleThenDrain } from '../../../rehearsal/policies/double-then-drain.ts';
import { refreshLaunchingFirst } from '../../../rehearsal/policies/instance-refresh.ts';
import { observedAs } from '../../../rehearsal/policies/on-behalf.ts';
import { oneAtATime } from '../../../rehearsal/policies/one-at-a-time.ts';
import type { Policy } from '../../../rehearsal/policies/policy.ts';
import { terminateHook } from '../../../rehearsal/policies/terminate-hook.ts';

const cluster = {
  name: 'small and awkward',
  spec: {
    ...AWKWARD,
    groups: AWKWARD.groups.map((group) => ({ ...group, hosts: 4 })),
    services: AWKWARD.services.map((service) => ({ ...service, desired: Math.floor(service.desired / 3) })),
  },
  faults: [{ kind: 'end-task', family: 'nightly-report', exitCode: 0, atSeconds: JOB_ENDS_SECONDS }],
};

function figuresOf(policy: Policy): () => PolicyFigures {
  let figures: PolicyFigures;
  beforeAll(async () => {
    figures = await runPolicy(policy, cluster, 1);
  }, 60_000);
  return () => figures;
}

describe('an instance refresh with managed draining', () => {
  const figures = figuresOf(refreshLaunchingFirst);

  it('replaces every host, waits for the job that a person started, and kills nothing', () => {
    expect(figures()).toMatchObject({ end: 'SUCCEEDED', done: 4, outdated: 4, killed: 0 });
    expect(figures().durationSeconds).toBeGreaterThan(JOB_ENDS_SECONDS);
  });

  it('has its drains counted as its own', () => {
    expect(figures().movesPerTask).toBeGreaterThan(0);
  });
});

describe('a terminate hook whose function runs for 15 minutes', () => {
  const figures = figuresOf(terminateHook);

  it('lets go of hosts with tasks that take longer', () => {
    expect(figures()).toMatchObject({ end: 'SUCCEEDED', done: 4 });
    expect(figures().killed).toBeGreaterThan(0);
    expect(figures().violations.I1).toBeGreaterThan(0);
  });
});

describe('doubling, then draining everything', () => {
  const figures = figuresOf(doubleThenDrain);

  it('stops the job that a person started, and gives up on connections that take 20 minutes', () => {
    expect(figures().end).toContain('waited 600 s for tasks stopped');
    expect(figures().killed).toBeGreaterThan(0);
    expect(figures().violations.I8).toBeGreaterThan(0);
  });
});

describe('one host at a time, in place', () => {
  const figures = figuresOf(oneAtATime);

  it('adds no capacity and ends no host', () => {
    expect(figures()).toMatchObject({ end: 'SUCCEEDED', extraInstanceHours: 0, killed: 0 });
  });
});

describe('what AWS does on a policy’s behalf', () => {
  const host = {
    kind: 'container-instance',
    instanceId: 'i-0',
    containerInstanceArn: 'arn',
    cluster: 'prod',
    status: 'DRAINING',
    agentConnected: true,
  } as const;

  it('is the policy’s own where it asked for it, and AWS’s where it did not', () => {
    const drained = (name: string) => ({ ...host, actor: { kind: 'aws', name } as const });
    expect(observedAs('tool', drained('managed-draining'))).toMatchObject({
      actor: { kind: 'function', name: 'tool' },
    });
    expect(observedAs('tool', drained('spot-interruption'))).toEqual(drained('spot-interruption'));
  });
});
