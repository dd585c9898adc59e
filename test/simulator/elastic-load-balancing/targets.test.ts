import type {
  DescribeTargetGroupAttributesCommandOutput,
  DescribeTargetGroupsCommandOutput,
  DescribeTargetHealthCommandOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach, describe, expect, it } from 'vitest';
import { type SmallAccount, smallAccount, smallCapture } from '../ec2/small-account.ts';

const arnOf = (name: string) =>
  `arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/${name}/0123456789abcdef`;
const WEB = arnOf('web');
const target = { id: '10.0.0.1', port: 8080, zone: 'eu-west-1a' };
const SERVICE = 'ElasticLoadBalancingV2';

function withTargetGroup(delay?: string): SmallAccount {
  const capture = smallCapture();
  capture.elasticLoadBalancingV2.targetGroups.push({
    TargetGroupArn: WEB,
    TargetGroupName: 'web',
    HealthyThresholdCount: 3,
    UnhealthyThresholdCount: 2,
    HealthCheckIntervalSeconds: 10,
    Port: 80,
  });
  if (delay !== undefined) {
    capture.elasticLoadBalancingV2.targetGroupAttributes.push({
      TargetGroupArn: WEB,
      Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: delay }],
    });
  }
  capture.elasticLoadBalancingV2.targetHealth.push({
    TargetGroupArn: WEB,
    TargetHealthDescriptions: [
      { Target: { Id: '10.0.0.9', Port: 8080 }, TargetHealth: { State: 'healthy' } },
      { Target: { Id: '10.0.0.8', Port: 8080 }, TargetHealth: { State: 'draining' } },
    ],
  });
  return smallAccount(capture);
}

let account: SmallAccount;
const health = (input: object = {}, lagMs = 0) =>
  account
    .call<DescribeTargetHealthCommandOutput>(
      SERVICE,
      'DescribeTargetHealth',
      { TargetGroupArn: WEB, ...input },
      lagMs,
    )
    .TargetHealthDescriptions?.map((found) => `${found.Target?.Id} ${found.TargetHealth?.State}`);

describe('targets', () => {
  afterEach(() => account.close());

  it('are healthy after the threshold times the interval', async () => {
    account = withTargetGroup();
    account.loadBalancing.register(WEB, target);
    await account.pass(29);
    expect(account.loadBalancing.isHealthy(WEB, target)).toBe(false);
    expect(health()).toContain('10.0.0.1 initial');
    await account.pass(2);
    expect(account.loadBalancing.isHealthy(WEB, target)).toBe(true);
    expect(health({}, 5000)).toContain('10.0.0.1 initial');
  });

  it('drain for the whole delay, then are unused and gone', async () => {
    account = withTargetGroup('60');
    let isUnused = false;
    account.loadBalancing.adopt(WEB, target);
    account.loadBalancing.deregister(WEB, target, () => {
      isUnused = true;
    });
    await account.pass(59);
    expect(isUnused).toBe(false);
    expect(health({ Targets: [{ Id: target.id, Port: target.port }] })).toEqual(['10.0.0.1 draining']);
    await account.pass(2);
    expect(isUnused).toBe(true);
    expect(health({ Targets: [{ Id: target.id, Port: target.port }] })).toEqual(['10.0.0.1 unused']);
    expect(health()).toEqual(['10.0.0.9 healthy']);
  });

  it('drain for five minutes when nobody said how long', async () => {
    account = withTargetGroup();
    let isUnused = false;
    account.loadBalancing.deregister(WEB, { id: '10.0.0.9', port: 8080 }, () => {
      isUnused = true;
    });
    await account.pass(299);
    expect(isUnused).toBe(false);
    await account.pass(2);
    expect(isUnused).toBe(true);
    expect(
      account.call<DescribeTargetGroupAttributesCommandOutput>(SERVICE, 'DescribeTargetGroupAttributes', {
        TargetGroupArn: WEB,
      }).Attributes,
    ).toContainEqual({ Key: 'deregistration_delay.timeout_seconds', Value: '300' });
  });

  it('fail their checks one by one before they are unhealthy', async () => {
    account = withTargetGroup();
    account.loadBalancing.fail(WEB, { id: '10.0.0.9', port: 8080 });
    await account.pass(19);
    expect(health()).toContain('10.0.0.9 healthy');
    await account.pass(2);
    expect(health()).toContain('10.0.0.9 unhealthy');
  });

  it('that were never registered need not be waited for', () => {
    account = withTargetGroup();
    let isUnused = false;
    account.loadBalancing.deregister(WEB, target, () => {
      isUnused = true;
    });
    expect(isUnused).toBe(true);
  });
});

describe('target groups', () => {
  afterEach(() => account.close());

  it('are described by ARN and name, and unknown ones fail', () => {
    account = withTargetGroup();
    const found = account.call<DescribeTargetGroupsCommandOutput>(SERVICE, 'DescribeTargetGroups', {
      Names: ['web'],
    });
    expect(found.TargetGroups?.map((group) => group.TargetGroupArn)).toEqual([WEB]);
    const refusal = account.refusal(SERVICE, 'DescribeTargetHealth', { TargetGroupArn: arnOf('api') });
    expect(refusal).toBe('TargetGroupNotFoundException: One or more target groups not found');
  });
});
