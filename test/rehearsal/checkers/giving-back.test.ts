/** I4, I7, I8, I9: what is touched, recorded, told and given back. */
import { describe, expect, it } from 'vitest';
import { AWS, NEW, OLD, StagedAccount } from '../support/staged-account.ts';

const A = 'i-0000000000000000a';
const RECORD = { Item: { pk: { S: 'run#1' }, sk: { S: 'group#web' } } };

function stage(): StagedAccount {
  const account = new StagedAccount();
  account.group('web');
  account.group('other');
  account.template('lt-web', 1);
  account.addHost(A);
  return account;
}

const invariants = (violations: readonly { invariant: string }[]) => violations.map((v) => v.invariant);

describe('I4, knobs are restored', () => {
  it('tells of a knob that is touched before the ledger knows the group', () => {
    const account = stage();
    account.watch();
    account.call('AutoScaling.SuspendProcesses', { AutoScalingGroupName: 'web' });
    expect(account.told).toEqual(['I4']);
  });

  it('accepts a record in whatever shape, as long as it was written', () => {
    for (const item of [RECORD, { Key: { pk: { S: 'prod' } }, Values: { ':g': { S: '{"name":"web"}' } } }]) {
      const account = stage();
      account.watch();
      account.call('DynamoDB.PutItem', item, { answer: 'ConditionalCheckFailedException' });
      account.call('DynamoDB.PutItem', item);
      account.call('AutoScaling.SuspendProcesses', { AutoScalingGroupName: 'web' });
      expect(account.told).toEqual([]);
    }
  });

  it('does not take a write that failed for a record', () => {
    const account = stage();
    account.watch();
    account.call('DynamoDB.PutItem', RECORD, { answer: 'ConditionalCheckFailedException' });
    account.call('AutoScaling.SuspendProcesses', { AutoScalingGroupName: 'web' });
    expect(account.told).toEqual(['I4']);
  });

  it('tells of each knob that ends otherwise than it stood', () => {
    const account = stage();
    account.watch();
    account.group('web', { maxSize: 20, suspendedProcesses: ['AZRebalance'], tags: { surge: 'yes' } });
    const { violations, measured } = account.end({ outcome: 'FAILED', stillRunning: true });
    expect(invariants(violations)).toEqual(['I4', 'I4', 'I4']);
    expect(measured.restored).toBe(false);
    expect(measured.leftovers).toEqual([
      { resource: 'AutoScalingGroup web', knob: 'MaxSize', original: 10, now: 20 },
      { resource: 'AutoScalingGroup web', knob: 'SuspendedProcesses', original: [], now: ['AZRebalance'] },
      { resource: 'AutoScalingGroup web', knob: 'Tags', original: {}, now: { surge: 'yes' } },
    ]);
  });

  it('tells of a tag of ours that stays on a host, and of none of others', () => {
    const resourceArn = `arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/${A}`;
    const ends = (tags: readonly { key: string; value: string }[], answer = 'ok') => {
      const account = stage();
      account.tagHost(A, [{ key: 'team', value: 'a' }]);
      account.watch();
      account.call('DynamoDB.PutItem', RECORD);
      account.call(
        'ECS.TagResource',
        { resourceArn, tags: [{ key: 'rollover:quiesce', value: 'soon' }] },
        { answer },
      );
      account.tagHost(A, tags);
      return account.end().measured.leftovers;
    };
    const left = {
      resource: `ContainerInstance ${A}`,
      knob: 'tag rollover:quiesce',
      original: null,
      now: 'soon',
    };
    const ours = { key: 'rollover:quiesce', value: 'soon' };
    expect(ends([ours, { key: 'team', value: 'a' }])).toEqual([left]);
    // The answer was lost, the effect was not.
    expect(ends([ours], 'TimeoutError')).toEqual([left]);
    expect(ends([{ key: 'team', value: 'b' }])).toEqual([]);
  });

  it('wants what others changed meanwhile, and not the stale snapshot', () => {
    const scaled = (desiredCapacity: number) => {
      const account = stage();
      account.watch();
      account.group('web', { desiredCapacity: 4, minSize: 4 });
      account.group('web', { desiredCapacity: 5 }, AWS);
      account.group('web', { desiredCapacity, minSize: 2 });
      return account.end().measured.leftovers.map(({ knob }) => knob);
    };
    expect(scaled(2)).toEqual(['DesiredCapacity']);
    expect(scaled(3)).toEqual([]);
    expect(scaled(5)).toEqual([]);
  });

  it('forgives a size that others set so shortly before our call that no read could show it, and no other', () => {
    const leftAfter = (seconds: number) => {
      const account = stage();
      account.watch({ graceMs: 15_000 });
      account.group('web', { desiredCapacity: 3 }, AWS);
      account.wait(seconds);
      account.call('AutoScaling.UpdateAutoScalingGroup', { AutoScalingGroupName: 'web', DesiredCapacity: 3 });
      account.group('web', { desiredCapacity: 2 });
      return account.end().measured.leftovers.map(({ knob }) => knob);
    };
    expect(leftAfter(1)).toEqual([]);
    expect(leftAfter(600)).toEqual(['DesiredCapacity']);
  });

  it('wants what a scheduled action set, with what others added after it fell due', () => {
    const ends = (desiredCapacity: number) => {
      const account = stage();
      account.watch({ scheduledActions: [{ group: 'web', desiredCapacity: 6 }] });
      account.group('web', { desiredCapacity: 4, minSize: 4 });
      // Suspended, it fell due in silence; then a policy adds a host to the surge.
      account.group('web', { desiredCapacity: 5 }, AWS);
      account.group('web', { desiredCapacity, minSize: 2 });
      return account.end().measured.leftovers.map(({ knob }) => knob);
    };
    expect(ends(7)).toEqual([]);
    expect(ends(6)).toEqual([]);
    expect(ends(8)).toEqual(['DesiredCapacity']);
  });

  it('forgives only what holds the group of a host that our role may not take away', () => {
    const B = 'i-0000000000000000b';
    const told = (denied: string | undefined, group = 'web') => {
      const account = stage();
      account.group('web', { desiredCapacity: 1, maxSize: 1 });
      account.watch();
      account.call('DynamoDB.PutItem', RECORD);
      account.addHost(B, { image: NEW });
      account.group('web', { desiredCapacity: 2, maxSize: 2, instanceIds: [A, B] });
      if (denied !== undefined)
        account.call(
          'AutoScaling.TerminateInstanceInAutoScalingGroup',
          { InstanceId: denied, AutoScalingGroupName: group },
          { answer: 'AccessDenied' },
        );
      return invariants(account.end({ outcome: 'FAILED' }).violations).filter((one) => one === 'I4').length;
    };
    expect(told(B)).toBe(0);
    expect(told(undefined)).toBe(2);
    expect(told('i-0123456789abcdef0', 'other')).toBe(2);
  });

  it('forgives a surplus host whose tasks are needed for what others want of a service meanwhile, and no other', () => {
    const B = 'i-0000000000000000b';
    const leftWhere = (raised: boolean) => {
      const account = stage();
      account.group('web', { desiredCapacity: 1, maxSize: 1 });
      account.service('api', 2, 50, 100);
      for (const name of ['t1', 't2']) account.addTask(name, { on: A, of: 'api' });
      account.watch();
      account.call('DynamoDB.PutItem', RECORD);
      account.addHost(B, { image: NEW });
      account.group('web', { desiredCapacity: 2, maxSize: 2, instanceIds: [A, B] });
      if (raised) account.service('api', 6, 50, 100);
      account.addTask('t3', { on: B, of: 'api' });
      account.addTask('t4', { on: B, of: 'api' });
      return account.end({ outcome: 'PARTIAL' }).violations.filter(({ invariant }) => invariant === 'I4')
        .length;
    };
    expect(leftWhere(true)).toBe(0);
    expect(leftWhere(false)).toBe(2);
  });

  // terraform-aws-modules/terraform-aws-eks issue 2122: UpdateAutoScalingGroup answers ValidationError where a template
  // names an image that is not there.
  it('forgives a reference that is refused for what others wrote, and none that could be put back', () => {
    const told = (fault: string, answers: readonly string[], also?: string) => {
      const account = stage();
      account.watch();
      account.call('DynamoDB.PutItem', RECORD);
      account.group('web', { launchSource: '{"LaunchTemplateId":"lt-web","Version":"7"}' });
      account.tell({ kind: 'fault', fault });
      if (also !== undefined) account.tell({ kind: 'fault', fault: also });
      for (const answer of answers) {
        const LaunchTemplate = { LaunchTemplateId: 'lt-web', Version: '1' };
        const input = { AutoScalingGroupName: 'web', LaunchTemplate };
        account.call('AutoScaling.UpdateAutoScalingGroup', input, { answer });
      }
      return invariants(account.end({ outcome: 'FAILED' }).violations).filter((one) => one === 'I4').length;
    };
    expect(told('change-launch-template', ['ValidationError'])).toBe(0);
    expect(told('change-launch-template', [])).toBe(1);
    expect(told('change-launch-template', ['ValidationError', 'ok'])).toBe(1);
    expect(told('publish-image', ['ValidationError'])).toBe(1);
    expect(told('change-launch-template', ['ValidationError'], 'start-instance-refresh')).toBe(1);
  });

  it('lets the target image stay after a success, in the form of reference that the group had', () => {
    const ends = (launchSource: string, outcome: string) => {
      const account = stage();
      account.watch();
      account.group('web', { launchSource, launchImages: [NEW] });
      return account.end({ outcome }).measured.leftovers.map(({ knob }) => knob);
    };
    const version = (value: string) => `{"LaunchTemplateId":"lt-web","Version":"${value}"}`;
    expect(ends(version('7'), 'SUCCEEDED')).toEqual([]);
    expect(ends(version('7'), 'PARTIAL')).toEqual([]);
    expect(ends(version('7'), 'FAILED')).toEqual(['LaunchTemplate']);
    expect(ends(version('$Latest'), 'SUCCEEDED')).toEqual(['LaunchTemplate']);
  });

  it('tells of a reference that is as it was but resolves to another image', () => {
    const account = stage();
    account.watch();
    account.group('web', { launchImages: [NEW] });
    expect(account.end({ outcome: 'ROLLED_BACK' }).measured.leftovers).toEqual([
      { resource: 'AutoScalingGroup web', knob: 'ImageId', original: [OLD], now: [NEW] },
    ]);
  });

  it('does not blame us for an image that somebody publishes while nothing is pinned', () => {
    const account = stage();
    account.watch();
    account.tell({ kind: 'fault', fault: 'publish-image' });
    account.group('web', { launchImages: [NEW] }, { kind: 'fault', name: 'publish-image' });
    expect(account.end({ outcome: 'FAILED' }).measured.restored).toBe(true);
  });

  it('tells of a default version that moved where no group follows it', () => {
    const account = stage();
    account.watch();
    account.template('lt-web', 2);
    expect(account.end().measured.leftovers).toEqual([
      { resource: 'LaunchTemplate lt-web', knob: 'DefaultVersion', original: 1, now: 2 },
    ]);
  });
});

describe('I7, holds have a reason', () => {
  const notify = (account: StagedAccount, message: string) =>
    account.tell({ kind: 'notification', topic: 'arn:aws:sns:eu-west-1:111122223333:ops', message });

  it('tells of a host that stays and that nobody mentions', () => {
    const account = stage();
    account.watch();
    notify(account, 'the run ended PARTIAL');
    expect(invariants(account.end({ outcome: 'PARTIAL' }).violations)).toEqual(['I7', 'I7']);
  });

  it('wants both, a reason that a machine can read and a notification', () => {
    const account = stage();
    account.watch();
    notify(account, `PARTIAL: ${A} is held`);
    expect(invariants(account.end({ outcome: 'PARTIAL' }).violations)).toEqual(['I7']);

    const other = stage();
    other.watch();
    notify(other, JSON.stringify({ outcome: 'PARTIAL', held: [{ instanceId: A, reason: 'drain-timeout' }] }));
    expect(other.end({ outcome: 'PARTIAL' }).violations).toEqual([]);
  });

  it('finds the reason in the ledger, one level below the host too', () => {
    const account = stage();
    account.watch();
    notify(account, `PARTIAL ${A}`);
    const held = { M: { reason: { S: 'drain-timeout' } } };
    account.call('DynamoDB.PutItem', { Item: { sk: { S: `host#${A}` }, instanceId: { S: A }, held } });
    expect(account.end({ outcome: 'PARTIAL' }).violations).toEqual([]);
  });

  it('tells of a host that was skipped as not ours and that nobody mentions', () => {
    const skipping = (message: string) => {
      const account = stage();
      account.addHost('i-0000000000000000f', { group: 'foreign' });
      account.watch({ outdated: new Set() });
      notify(account, message);
      return invariants(account.end().violations);
    };
    expect(skipping('SUCCEEDED')).toEqual(['I7', 'I7']);
    const stays = [{ instanceId: 'i-0000000000000000f', reason: 'another manager’s' }];
    expect(skipping(JSON.stringify({ outcome: 'SUCCEEDED', stays }))).toEqual([]);
  });

  it('wants a notification that says how a run ended that did not do its work', () => {
    const account = stage();
    account.watch();
    expect(invariants(account.end({ outcome: 'REFUSED' }).violations)).toEqual(['I7']);
  });
});

describe('I8, no host is left behind', () => {
  it('tells of a host that ends DRAINING, as we set it', () => {
    const account = stage();
    account.watch();
    account.drain(A);
    expect(invariants(account.end({ outcome: 'ABORTED', stillRunning: true }).violations)).toEqual(['I8']);
  });

  it('keeps silent about a host that was DRAINING before us', () => {
    const account = stage();
    account.drain(A, { kind: 'function', name: 'outside' });
    account.watch();
    expect(account.end({ outcome: 'FAILED', stillRunning: true }).violations).toEqual([]);
  });

  it('tells of a host that we detached and left running', () => {
    const account = stage();
    account.watch();
    account.call('AutoScaling.DetachInstances', { AutoScalingGroupName: 'web', InstanceIds: [A] });
    account.changeHost(A, { group: null, lifecycleState: null });
    expect(account.end({ outcome: 'FAILED', stillRunning: true }).violations.map((v) => v.message)).toEqual([
      `${A} ends detached from its group`,
    ]);
  });

  it('tells of a new host that never joined and still runs', () => {
    const account = stage();
    account.watch();
    account.launch('i-0000000000000000c', { image: NEW });
    account.hostState('i-0000000000000000c', 'running');
    account.wait(3600);
    expect(invariants(account.end({ outcome: 'ROLLED_BACK', stillRunning: true }).violations)).toEqual([
      'I8',
    ]);
  });
});

describe('I9, only what opted in', () => {
  it.each([
    ['a cluster', 'ECS.UpdateContainerInstancesState', { cluster: 'staging', status: 'DRAINING' }],
    ['a group', 'AutoScaling.SetDesiredCapacity', { AutoScalingGroupName: 'other' }],
    ['a host of nobody', 'EC2.TerminateInstances', { InstanceIds: ['i-0123456789abcdef0'] }],
    ['a launch template', 'EC2.CreateLaunchTemplateVersion', { LaunchTemplateId: 'lt-other' }],
  ])('tells of %s that did not opt in', (_what, operation, input) => {
    const account = stage();
    account.watch();
    account.call(operation, input);
    expect(account.told).toContain('I9');
  });

  it('tells of a host that another manager keeps in our group', () => {
    const account = stage();
    account.watch({ handsOff: new Set([A]) });
    account.call('EC2.CreateTags', { Resources: [A] });
    expect(account.told).toEqual(['I9']);
  });

  it('keeps silent about reads, refusals, people, and what did opt in', () => {
    const account = stage();
    account.watch();
    account.call('ECS.DescribeServices', { cluster: 'staging' });
    account.call(
      'EC2.TerminateInstances',
      { InstanceIds: ['i-0123456789abcdef0'] },
      { answer: 'AccessDenied' },
    );
    account.call('AutoScaling.SetDesiredCapacity', { AutoScalingGroupName: 'other' }, { by: 'outside' });
    account.call('EC2.CreateLaunchTemplateVersion', { LaunchTemplateId: 'lt-web' });
    expect(account.told).toEqual([]);
  });
});
