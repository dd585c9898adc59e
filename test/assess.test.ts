import { ECSClient } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler } from '../functions/assess.ts';
import type { Step } from '../functions/core/step.ts';
import { actsSchema, BATCH } from '../functions/edge/run-state.ts';
import { cutToBatch } from '../functions/flow/acts.ts';
import { fakeLedger } from './support/fake-ledger.ts';
import { lambdaContext } from './support/lambda-context.ts';
import { begin, loseClaim, state } from './support/run.ts';

const ecs = mockClient(ECSClient);
const ledger = fakeLedger();

describe('assess', () => {
  beforeEach(() => {
    ecs.reset();
    ledger.reset();
  });

  it('does not even look once the claim is lost', async () => {
    await begin(ledger.table);
    await loseClaim(ledger.table);

    await expect(handler(state, lambdaContext)).rejects.toMatchObject({ name: 'ClaimLost' });
    expect(ecs.calls()).toHaveLength(0);
  });

  it('tells the machine that AWS is busy when reading is throttled for too long', async () => {
    await begin(ledger.table);
    ecs.rejects(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));

    await expect(handler(state, lambdaContext)).rejects.toMatchObject({ name: 'AwsBusy' });
  });
});

describe('a step that is larger than a batch', () => {
  const hosts = Array.from({ length: BATCH.drain + 5 }, (_, n) => `i-0${n}`);
  const step: Step = {
    register: [],
    activate: [],
    drain: hosts.map((instanceId) => ({ instanceId, containerInstanceArn: 'arn', reason: '' })),
    terminate: [],
    stopTasks: [],
    deregister: [],
    quiesce: [],
    endQuiesce: [],
    remember: {
      groups: [],
      services: [],
      hosts: hosts.map((instanceId) => ({ instanceId, role: 'outdated', drainingSinceMs: 1 })),
    },
    holds: [],
    phase: 'moving',
    reason: '',
    notify: [],
    waitSeconds: 15,
    restore: false,
  };

  it('remembers nothing of the hosts that it leaves for the next look', () => {
    const { acts, remember } = cutToBatch(step, 'step-1');

    expect(acts.drain).toHaveLength(BATCH.drain);
    expect(remember.hosts.map((host) => host.instanceId)).toEqual(acts.drain.map((act) => act.instanceId));
  });

  it('fits into the 64 KiB that a payload may have, however long its reasons', () => {
    const reason = 'x'.repeat(5000);
    const host = {
      instanceId: 'i-0123456789abcdef0',
      containerInstanceArn:
        'arn:aws:ecs:ap-southeast-2:111122223333:container-instance/a-cluster-with-a-long-name/0123456789abcdef0123456789abcdef',
      autoScalingGroupName: 'an-auto-scaling-group-with-a-rather-long-name',
      reason,
    };
    const many = <T>(count: number, item: T) => Array.from({ length: count }, () => item);
    const sizes = { minSize: 1000, maxSize: 1000, desiredCapacity: 1000 };
    const acts = actsSchema.parse({
      id: 'step',
      register: many(BATCH.register, { ...host, ...sizes }),
      activate: many(BATCH.activate, host),
      drain: many(BATCH.drain, host),
      terminate: many(BATCH.terminate, { ...host, decrement: true, minSizeBefore: 1000, because: 'drained' }),
      stopTasks: many(BATCH.stopTasks, { taskArn: host.containerInstanceArn, reason }),
      deregister: many(BATCH.deregister, host),
    });

    expect(JSON.stringify({ ...state, step: acts }).length).toBeLessThan(64 * 1024);
  });
});
