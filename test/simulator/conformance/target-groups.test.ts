/**
 * Load balancers that are attached to a group. Sources: Amazon EC2 Auto Scaling user guide, attach-load-balancer-asg and
 * understand-how-suspending-processes-affects-other-processes.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { hostId, type SmallAccount, smallAccount, smallCapture } from '../ec2/small-account.ts';
import { asg, inService, resume, suspend } from './groups.ts';

let account: SmallAccount;
afterEach(() => account.close());

const ARN = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/0123456789abcdef';
const attached = () => {
  const capture = smallCapture({ group: { TargetGroupARNs: [ARN] } });
  capture.elasticLoadBalancingV2.targetGroups.push({ TargetGroupArn: ARN, Port: 8080 });
  account = smallAccount(capture);
};
const targets = () =>
  account
    .call<{ TargetHealthDescriptions: { Target: { Id: string }; TargetHealth: { State: string } }[] }>(
      'ElasticLoadBalancingV2',
      'DescribeTargetHealth',
      { TargetGroupArn: ARN },
    )
    .TargetHealthDescriptions.map(({ Target, TargetHealth }) => `${Target.Id} ${TargetHealth.State}`)
    .sort();
const newOnes = () => inService(account).filter((id) => !/^i-0{8}/.test(id));

describe('a group with a target group', () => {
  it('registers what it launches once it is in service', async () => {
    attached();
    expect(targets()).toHaveLength(6);
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
    await account.pass(60);
    expect(targets()).toContain(`${newOnes()[0]} initial`);
    await account.pass(300);
    expect(targets()).toContain(`${newOnes()[0]} healthy`);
  });

  it('waits for the deregistration delay before it ends an instance', async () => {
    attached();
    account.call('AutoScaling', 'TerminateInstanceInAutoScalingGroup', {
      InstanceId: hostId(1),
      ShouldDecrementDesiredCapacity: true,
    });
    await account.pass(290);
    expect(targets()).toContain(`${hostId(1)} draining`);
    expect(account.ec2.instance(hostId(1))?.state).toBe('running');
    await account.pass(90);
    expect(account.ec2.instance(hostId(1))?.state).toBe('terminated');
    expect(targets()).toHaveLength(5);
  });

  it.each(['EnterStandby', 'DetachInstances'])('%s takes an instance out', async (operation) => {
    attached();
    asg(account, operation, { InstanceIds: [hostId(1)], ShouldDecrementDesiredCapacity: true });
    expect(targets()).toContain(`${hostId(1)} draining`);
    await account.pass(330);
    expect(targets()).toHaveLength(5);
  });

  it('AddToLoadBalancer suspended: launched ones are not added, nor on resume: "You must register those instances manually"', async () => {
    attached();
    suspend(account, 'AddToLoadBalancer');
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 7 });
    await account.pass(60);
    expect(newOnes()).toHaveLength(1);
    resume(account, 'AddToLoadBalancer');
    await account.pass(600);
    expect(targets()).toHaveLength(6);
    asg(account, 'SetDesiredCapacity', { DesiredCapacity: 8 });
    await account.pass(60);
    expect(targets()).toHaveLength(7);
  });
});
