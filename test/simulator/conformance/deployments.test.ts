/**
 * Sources: CB = Amazon ECS developer guide, deployment-circuit-breaker; API = API reference, Deployment,
 * ThresholdConfiguration, UpdateService, DescribeServiceDeployments; EV = ecs_service_deployment_events; PROT =
 * task-scale-in-protection; MSG = service-event-messages-list.
 */
import type {
  DescribeServiceDeploymentsResponse,
  DescribeServiceRevisionsResponse,
  ListServiceDeploymentsResponse,
} from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import type { AccountSpec, ServiceSpec } from '../ecs/fake-capture.ts';
import { type Cluster, cluster, hosts, times } from './services.ts';

let account: Cluster;
afterEach(() => account?.clock.uninstall());

const BREAKER = { deploymentCircuitBreaker: { enable: true, rollback: false } };
const ROLLBACK = { deploymentCircuitBreaker: { enable: true, rollback: true } };

/** Desired tasks on one big host, with this deployment configuration. */
const start = (
  desired: number,
  deploymentConfiguration: ServiceSpec['deploymentConfiguration'],
  over: Partial<AccountSpec> = {},
) => {
  const services = [{ name: 'web', desired, on: times(desired, 'i-1'), deploymentConfiguration }] as const;
  account = cluster({
    hosts: [{ id: 'i-1', cpu: 1_000_000, memory: 1_000_000 }],
    services,
    ...over,
  });
  return account;
};

/** A deployment of which no task reaches RUNNING. */
const deployUnpullable = () => {
  account.ecs.breakPulls('web');
  account.ecs.deployService('web', true);
};
const primary = () => account.described('web').deployments?.[0];
const deployments = () => {
  const { serviceDeployments = [] } = account.call<ListServiceDeploymentsResponse>('ListServiceDeployments', {
    service: 'web',
  });
  return account.call<DescribeServiceDeploymentsResponse>('DescribeServiceDeployments', {
    serviceDeploymentArns: serviceDeployments.map(({ serviceDeploymentArn }) => serviceDeploymentArn),
  }).serviceDeployments;
};

describe('the circuit breaker', () => {
  it.each([
    [1, undefined, 3],
    [25, undefined, 13],
    [400, undefined, 200],
    [800, undefined, 200],
    [10, { type: 'COUNT' as const, value: 7 }, 7],
    [40, { type: 'BOUNDED_PERCENT' as const, value: 25 }, 10],
    [800, { type: 'UNBOUNDED_PERCENT' as const, value: 50 }, 400],
  ])('CB, API: desired %i, configuration %j: threshold %i', (desired, thresholdConfiguration, threshold) => {
    start(desired, {
      deploymentCircuitBreaker: {
        enable: true,
        rollback: false,
        ...(thresholdConfiguration && { thresholdConfiguration }),
      },
    });
    account.call('UpdateService', { service: 'web', forceNewDeployment: true });
    expect(deployments()?.[0]?.deploymentCircuitBreaker).toMatchObject({ threshold, status: 'MONITORING' });
  });

  it('CB: ends a deployment whose tasks fail to start, and then launches no new tasks', async () => {
    start(1, BREAKER);
    deployUnpullable();
    await account.pass(900);
    expect(primary()).toMatchObject({ rolloutState: 'FAILED', failedTasks: 3 });
    const tasks = () => new Set(account.taskLines().map(({ taskArn }) => taskArn)).size;
    const before = tasks();
    await account.pass(7200);
    expect(tasks()).toBe(before);
    expect(account.service('web').healthy).toBe(1);
    expect(account.messages('web').join()).toContain('deployment failed: tasks failed to start.');
    expect(deployments()?.[0]).toMatchObject({ status: 'STOPPED' });
  });

  it('API: without it a deployment that fails stays IN_PROGRESS', async () => {
    start(1, {});
    deployUnpullable();
    await account.pass(7200);
    expect(primary()?.rolloutState).toBe('IN_PROGRESS');
  });

  it('CB: rolls back to the last deployment that completed', async () => {
    start(2, ROLLBACK);
    const before = account.service('web').taskDefinitionArn;
    deployUnpullable();
    expect(account.service('web').taskDefinitionArn).not.toBe(before);
    await account.pass(3600);
    expect(primary()).toMatchObject({ rolloutState: 'COMPLETED', taskDefinition: before });
    expect(deployments()?.[0]).toMatchObject({ status: 'ROLLBACK_SUCCESSFUL' });
  });

  it('API: tasks count as failed only until one has run', async () => {
    start(1, BREAKER);
    account.ecs.deployService('web', true);
    await account.pass(30);
    account.ecs.breakPulls('web');
    await account.pass(3600);
    expect(primary()).toMatchObject({ rolloutState: 'COMPLETED', failedTasks: 0 });
  });

  it.each([true, false])('whether exits after RUNNING count is not documented: %s', async (counted) => {
    // The seed chooses how the bad revision fails; this one exits.
    start(2, BREAKER, { readings: { exitCountsAsFailedTask: counted }, seed: seedThatExits() });
    account.ecs.deployService('web', false);
    await account.pass(3 * 3600);
    expect(primary()?.rolloutState).toBe(counted ? 'FAILED' : 'IN_PROGRESS');
  });
});

/** The bad revisions of the account with this seed exit after RUNNING. */
function seedThatExits(): number {
  for (let seed = 1; ; seed++) {
    const probe = cluster({
      hosts: hosts('i-1'),
      services: [{ name: 'web', desired: 1, on: ['i-1'] }],
      seed,
    });
    probe.ecs.deployService('web', false);
    const record = probe.ecs.services()[0] as unknown as { primary: { defect: string } };
    probe.clock.uninstall();
    if (record.primary.defect === 'exits') return seed;
  }
}

describe('a deployment', () => {
  it('of a pipeline brings the next revision of the task definition', async () => {
    start(2, {});
    account.ecs.deployService('web', true);
    expect(account.service('web').taskDefinitionArn).toMatch(/task-definition\/web:2$/);
    await account.pass(900);
    expect(primary()).toMatchObject({ rolloutState: 'COMPLETED', runningCount: 2 });
    expect(account.tasksOf('web').every(({ taskDefinitionArn }) => taskDefinitionArn.endsWith('web:2'))).toBe(
      true,
    );
  });

  it('EV: sends its changes as ECS Deployment State Change with a reason', async () => {
    start(1, {});
    account.ecs.deployService('web', true);
    await account.pass(900);
    const told = account.events.filter(({ detailType }) => detailType === 'ECS Deployment State Change');
    expect(told.map(({ detail }) => detail.eventName)).toEqual([
      'SERVICE_DEPLOYMENT_IN_PROGRESS',
      'SERVICE_DEPLOYMENT_COMPLETED',
    ]);
    expect(told[0]?.detail.reason).toMatch(/^ECS deployment ecs-svc\/\d+ in progress\.$/);
  });

  it('API: UpdateService with a desired count alone begins none', () => {
    start(2, {});
    account.call('UpdateService', { service: 'web', desiredCount: 3 });
    expect(account.service('web').deploying).toBe(false);
  });

  it('API: its revisions can be described, and those of others are MISSING', async () => {
    start(1, {});
    account.ecs.deployService('web', true);
    const [deployment] = deployments() ?? [];
    const answer = account.call<DescribeServiceRevisionsResponse>('DescribeServiceRevisions', {
      serviceRevisionArns: [deployment?.targetServiceRevision?.arn, 'arn:other'],
    });
    expect(answer.serviceRevisions).toMatchObject([
      { taskDefinition: account.service('web').taskDefinitionArn },
    ]);
    expect(answer.failures).toEqual([{ arn: 'arn:other', reason: 'MISSING' }]);
    expect(account.described('web').currentServiceRevisions).toHaveLength(2);
  });

  it('MSG: competes with a drain for the same maximum', async () => {
    account = cluster({
      hosts: hosts('i-1', 'i-2', 'i-3'),
      services: [{ name: 'web', desired: 4, min: 100, max: 150, on: ['i-1', 'i-1', 'i-2', 'i-2'] }],
    });
    account.drain('i-1');
    account.ecs.deployService('web', true);
    for (let second = 0; second < 1200; second += 2) {
      await account.pass(2);
      const alive = account.tasksOf('web').filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
      expect(alive.length).toBeLessThanOrEqual(6);
      expect(account.service('web').healthy).toBeGreaterThanOrEqual(4);
    }
    expect(primary()).toMatchObject({ rolloutState: 'COMPLETED' });
    expect(account.on('web', 'i-1')).toBe(0);
  });

  it('API: limits follow a desired count that changes in the middle of a drain', async () => {
    account = cluster({
      hosts: hosts('i-1', 'i-2'),
      services: [{ name: 'web', desired: 4, min: 50, max: 100, on: times(4, 'i-1') }],
    });
    account.drain('i-1');
    await account.pass(5);
    account.call('UpdateService', { service: 'web', desiredCount: 8 });
    await account.pass(1800);
    expect(account.on('web', 'i-2')).toBe(8);
  });

  it('PROT: waits for protected tasks of the old revision', async () => {
    start(1, {});
    account.ecs.protectTasks('web', 3600);
    account.ecs.deployService('web', true);
    await account.pass(3000);
    expect(account.described('web').deployments).toHaveLength(2);
    await account.pass(1200);
    expect(account.described('web').deployments).toHaveLength(1);
  });

  it.each(['CODE_DEPLOY', 'EXTERNAL'] as const)('API: is not ECS’s to make with %s', (type) => {
    account = cluster({
      hosts: hosts('i-1'),
      services: [{ name: 'web', desired: 1, on: ['i-1'], deploymentController: { type } }],
    });
    expect(() => account.call('UpdateService', { service: 'web', forceNewDeployment: true })).toThrow(type);
    expect(primary()?.rolloutState).toBeUndefined();
  });
});
