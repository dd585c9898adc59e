/** I6, I11, I12: how a run talks to AWS. */
import { describe, expect, it } from 'vitest';
import { arnOf, NEW, StagedAccount } from '../support/staged-account.ts';

const A = 'i-0000000000000000a';
const LIST = 'ECS.ListContainerInstances';

function stage(): StagedAccount {
  const account = new StagedAccount();
  account.group('web');
  account.service('web', 2);
  account.addHost(A);
  account.addHost('i-0000000000000000b', { image: NEW });
  return account;
}

describe('I6, one run per cluster', () => {
  const state = (account: StagedAccount, execution: string, name: string) =>
    account.tell({ kind: 'state', execution, name });

  it('tells of an execution that acts while another one has not ended', () => {
    const account = stage();
    account.watch();
    state(account, 'first', 'Register');
    state(account, 'second', 'Plan');
    expect(account.told).toEqual([]);
    state(account, 'second', 'Drain');
    expect(account.told).toEqual(['I6']);
  });

  it('lets the next one act when the first has ended', () => {
    const account = stage();
    account.watch();
    state(account, 'first', 'Drain');
    account.tell({ kind: 'execution', execution: 'first', stateMachine: 'rollover', status: 'ABORTED' });
    state(account, 'second', 'Drain');
    expect(account.told).toEqual([]);
  });

  it('tells of two orchestrators without a machine whose acts interleave', () => {
    const account = stage();
    account.watch({ runOf: (name) => name });
    const act = (by: string) =>
      account.call('AutoScaling.SetDesiredCapacity', { AutoScalingGroupName: 'web' }, { by });
    act('one');
    act('two');
    expect(account.told).not.toContain('I6');
    act('one');
    expect(account.told).toContain('I6');
  });

  it('keeps runs of different clusters apart', () => {
    const account = stage();
    account.watch({ clusterOf: (run) => run });
    state(account, 'prod', 'Drain');
    state(account, 'staging', 'Drain');
    expect(account.told).toEqual([]);
  });
});

describe('I11, answers are read whole', () => {
  it('tells of a batch above the limit, even one that AWS refuses', () => {
    const account = stage();
    account.watch();
    account.call(
      'ECS.UpdateContainerInstancesState',
      { cluster: 'prod', status: 'DRAINING', containerInstances: Array(11).fill(arnOf(A)) },
      { answer: 'InvalidParameterException' },
    );
    expect(account.told).toEqual(['I11']);
  });

  it('tells of a list whose next page nobody asked for', () => {
    const account = stage();
    account.watch();
    account.call(LIST, { cluster: 'prod' }, { output: { nextToken: 'more' } });
    account.call(LIST, { cluster: 'prod' }, { output: { nextToken: 'more' } });
    expect(account.end().violations.map((v) => v.invariant)).toContain('I11');

    const other = stage();
    other.watch();
    other.call('AutoScaling.DescribeAutoScalingGroups', {}, { output: { NextToken: 'more' } });
    expect(other.end().violations.map((v) => v.invariant)).toContain('I11');
  });

  it('keeps silent about a list that is read to its end, page by page', () => {
    const account = stage();
    account.watch();
    for (let round = 0; round < 2; round++) {
      account.call(LIST, { cluster: 'prod' }, { output: { nextToken: 'one' } });
      account.call(LIST, { cluster: 'prod', nextToken: 'one' }, { output: { nextToken: 'two' } });
      account.call(LIST, { cluster: 'prod', nextToken: 'two' }, { output: {} });
    }
    expect(account.told).toEqual([]);
  });

  it('keeps silent about two invocations that read the same list at the same time', () => {
    const account = stage();
    account.watch();
    for (const _ of [1, 2]) account.call(LIST, { cluster: 'prod' }, { output: { nextToken: 'one' } });
    for (const _ of [1, 2]) account.call(LIST, { cluster: 'prod', nextToken: 'one' }, { output: {} });
    expect(account.end().violations.map((v) => v.invariant)).not.toContain('I11');
  });

  it('keeps silent about a page that was throttled and asked for again', () => {
    const account = stage();
    account.watch();
    account.call(LIST, { cluster: 'prod' }, { output: { nextToken: 'one' } });
    account.call(LIST, { cluster: 'prod', nextToken: 'one' }, { answer: 'ThrottlingException' });
    account.call(LIST, { cluster: 'prod', nextToken: 'one' }, { output: {} });
    account.call(LIST, { cluster: 'prod' }, { output: {} });
    expect(account.told).toEqual([]);
  });

  it('excuses a list that a scripted crash cut short', () => {
    const account = stage();
    account.watch();
    account.call(LIST, { cluster: 'prod' }, { output: { nextToken: 'one' } });
    account.tell({ kind: 'fault', fault: 'handler-crash' });
    account.call(LIST, { cluster: 'prod' }, { output: {} });
    expect(account.told).toEqual([]);
  });

  it('tells of a host that AWS refused to drain and that is ended all the same', () => {
    const account = stage();
    account.watch();
    const drain = { cluster: 'prod', containerInstances: [arnOf(A)], status: 'DRAINING' };
    account.call('ECS.UpdateContainerInstancesState', drain, { answer: 'partial' });
    account.call('AutoScaling.TerminateInstanceInAutoScalingGroup', { InstanceId: A });
    expect(account.told).toEqual(['I11']);
  });

  it('forgives a refusal that was tried again', () => {
    const account = stage();
    account.watch();
    const drain = { cluster: 'prod', containerInstances: [arnOf(A)], status: 'DRAINING' };
    account.call('ECS.UpdateContainerInstancesState', drain, { answer: 'partial' });
    account.drain(A);
    account.call('AutoScaling.TerminateInstanceInAutoScalingGroup', { InstanceId: A });
    expect(account.told).toEqual([]);
  });
});

describe('I12, services keep their code', () => {
  it('tells of a forced deployment and of any other thing that makes a service', () => {
    for (const change of [
      { forceNewDeployment: true },
      { taskDefinition: 'web:2' },
      { desiredCount: 3 },
      { deploymentConfiguration: { minimumHealthyPercent: 50 } },
      { capacityProviderStrategy: [{ capacityProvider: 'web' }] },
    ]) {
      const account = stage();
      account.watch();
      account.call('ECS.UpdateService', { cluster: 'prod', service: 'web', ...change });
      expect(account.told).toEqual(['I12']);
    }
  });

  it('lets a service deploy anew that the request names', () => {
    const account = stage();
    account.watch({ redeployable: new Set(['web']) });
    account.call('ECS.UpdateService', { cluster: 'prod', service: 'web', forceNewDeployment: true });
    expect(account.told).toEqual([]);
  });

  it('tells of a service that ends on another definition, unless somebody deployed it', () => {
    const ends = (byOthers: boolean) => {
      const account = stage();
      account.watch();
      if (byOthers) account.tell({ kind: 'fault', fault: 'deploy-service' });
      account.changeService('web', { taskDefinitionArn: 'web:2' });
      return account.end({ outcome: 'FAILED', stillRunning: true }).violations.map((v) => v.invariant);
    };
    expect(ends(false)).toContain('I12');
    expect(ends(true)).not.toContain('I12');
  });
});
