/** Hosts that a run set to DRAINING, when the run ends. */
import { DescribeAutoScalingInstancesCommand } from '@aws-sdk/client-auto-scaling';
import {
  DescribeContainerInstancesCommand,
  ListContainerInstancesCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { beforeEach, describe, expect, it } from 'vitest';
import { readRun } from '../../functions/aws/ledger/runs.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import { handler } from '../../functions/restore.ts';
import { lambdaContext } from '../support/lambda-context.ts';
import { begin, state } from '../support/run.ts';

import { asTheRunLeftIt, autoScaling, ecs, FAILED, ledger, updates } from './rig.ts';

describe('restore, of hosts', () => {
  beforeEach(asTheRunLeftIt);

  it('sets our DRAINING hosts in service back to ACTIVE, and no others', async () => {
    const host = (id: string) => ({
      containerInstanceArn: `arn/${id}`,
      ec2InstanceId: id,
      status: 'DRAINING',
    });
    ecs.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: ['a', 'b'] });
    ecs
      .on(DescribeContainerInstancesCommand)
      .resolves({ containerInstances: [host('i-0old'), host('i-0their')] });
    ecs.on(UpdateContainerInstancesStateCommand).resolves({});
    autoScaling.on(DescribeAutoScalingInstancesCommand).callsFake(({ InstanceIds }) => ({
      AutoScalingInstances: InstanceIds.map((InstanceId: string) => ({
        InstanceId,
        LifecycleState: 'InService',
      })),
    }));
    await begin(ledger.table, {
      phase: 'closing',
      ending: FAILED,
      hosts: [{ instanceId: 'i-0old', role: 'outdated', drainingSinceMs: 1 }],
    });

    await handler({ ...state, ending: FAILED }, lambdaContext);

    expect(ecs.commandCalls(UpdateContainerInstancesStateCommand)[0]?.args[0].input).toEqual({
      cluster: 'prod',
      containerInstances: ['arn/i-0old'],
      status: 'ACTIVE',
    });
  });

  it.each([
    ['its drain', { drainingSinceMs: 1, drainingSeenAtMs: 2 }],
    ['that it goes back, and the call was never made', { activatedAtMs: 7 }],
  ])('sets a host back to ACTIVE of which is remembered %s, and remembers that', async (_, remembered) => {
    const host = { containerInstanceArn: 'arn/i-0old', ec2InstanceId: 'i-0old', status: 'DRAINING' };
    ecs.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: ['a'] });
    ecs.on(DescribeContainerInstancesCommand).resolves({ containerInstances: [host] });
    ecs.on(UpdateContainerInstancesStateCommand).resolves({});
    autoScaling.on(DescribeAutoScalingInstancesCommand).resolves({
      AutoScalingInstances: [{ InstanceId: 'i-0old', LifecycleState: 'InService' } as never],
    });
    const hosts: HostMemory[] = [{ instanceId: 'i-0old', role: 'outdated', ...remembered }];
    await begin(ledger.table, { phase: 'closing', ending: FAILED, lookedAtMs: 7, hosts });

    await handler({ ...state, ending: FAILED }, lambdaContext);

    expect(ecs.commandCalls(UpdateContainerInstancesStateCommand)).toHaveLength(1);
    const [after] = (await readRun(ledger.table, 'run-1'))?.memory?.hosts ?? [];
    expect(after).toEqual({
      instanceId: 'i-0old',
      role: 'outdated',
      activatedAtMs: expect.any(Number),
    });
  });

  it('sends a run that failed back to give its hosts back by the rules, once', async () => {
    const error = { Error: 'TypeError', Cause: '{"errorMessage":"x is not a function"}' };
    await begin(ledger.table);

    const first = await handler({ ...state, error }, lambdaContext);
    expect(first).toMatchObject({ next: 'assess', counters: { failures: 1 } });
    expect(first).not.toHaveProperty('error');
    expect(updates()).toEqual([]);

    const second = await handler({ ...first, error }, lambdaContext);
    expect(second).toMatchObject({ next: 'report', ending: { outcome: 'FAILED' } });
  });
});
