import { describe, expect, it } from 'vitest';
import {
  classifyHealthEvent,
  classifyScheduledEvent,
  keyOfEntity,
  readEntity,
} from '../../../functions/core/notices/notice.ts';

/** AWS Health user guide, automating-instance-actions, and the codes that public rules for these events list. */
describe('the code of an event', () => {
  it.each([
    ['AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED', 'instance-end'],
    ['AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_SCHEDULED', 'instance-end'],
    ['AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_EXPEDITED', 'instance-end'],
    ['AWS_EC2_INSTANCE_STOP_SCHEDULED', 'instance-end'],
    ['AWS_EC2_INSTANCE_TERMINATION_SCHEDULED', 'instance-end'],
    ['AWS_EC2_INSTANCE_REBOOT_FLEXIBLE_MAINTENANCE_SCHEDULED', 'instance-reboot'],
    ['AWS_EC2_SYSTEM_REBOOT_MAINTENANCE_SCHEDULED', 'instance-reboot'],
    ['AWS_EC2_INSTANCE_NETWORK_MAINTENANCE_SCHEDULED', 'instance-network'],
    ['AWS_EC2_PERSISTENT_INSTANCE_POWER_MAINTENANCE_SCHEDULED', 'instance-power'],
    ['AWS_EC2_DEDICATED_HOST_RETIREMENT_SCHEDULED', 'unknown'],
    ['AWS_EC2_INSTANCE_SOMETHING_NEW_SCHEDULED', 'unknown'],
  ])('%s announces %s', (code, kind) => {
    expect(classifyHealthEvent('EC2', 'scheduledChange', code)).toBe(kind);
  });

  it('announces nothing we act upon outside scheduled changes and the two services', () => {
    expect(classifyHealthEvent('EC2', 'issue', 'AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED')).toBe('unknown');
    expect(classifyHealthEvent('RDS', 'scheduledChange', 'AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED')).toBe(
      'unknown',
    );
    expect(classifyHealthEvent('ECS', 'scheduledChange', 'AWS_ECS_SOMETHING_ELSE')).toBe('unknown');
    expect(classifyHealthEvent('ECS', 'scheduledChange', 'AWS_ECS_TASK_PATCHING_RETIREMENT')).toBe(
      'fargate-tasks',
    );
  });

  // Amazon EC2 user guide, monitoring-instances-status-check_sched: the five codes, and that maintenance is of network or power.
  it.each([
    ['instance-stop', '', 'instance-end'],
    ['instance-retirement', '', 'instance-end'],
    ['instance-reboot', '', 'instance-reboot'],
    ['system-reboot', '', 'instance-reboot'],
    ['system-maintenance', 'network maintenance', 'instance-network'],
    ['system-maintenance', 'Scheduled power maintenance', 'instance-power'],
    ['something-new', '', 'unknown'],
  ])("EC2's own %s (%s) announces %s", (code, description, kind) => {
    expect(classifyScheduledEvent(code, description)).toBe(kind);
  });
});

describe('what a notice names', () => {
  const task = { of: 'task', taskArn: 'arn:aws:ecs:eu-west-1:123456789012:task/prod/0080', cluster: 'prod' };

  it.each([
    ['i-1234567890abcdef0', { of: 'instance', instanceId: 'i-1234567890abcdef0' }],
    ['arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111', { of: 'instance', instanceId: 'i-abcd1111' }],
    ['prod|web', { of: 'service', cluster: 'prod', service: 'web' }],
    ['prod/web', { of: 'service', cluster: 'prod', service: 'web' }],
    [' prod | web ', { of: 'service', cluster: 'prod', service: 'web' }],
    [
      'arn:aws:ecs:eu-west-1:123456789012:service/prod/web',
      { of: 'service', cluster: 'prod', service: 'web' },
    ],
    [task.taskArn, task],
    [
      'arn:aws:ecs:eu-west-1:123456789012:task/0080',
      { of: 'task', taskArn: 'arn:aws:ecs:eu-west-1:123456789012:task/0080' },
    ],
    ['AWS_ACCOUNT', { of: 'unknown', value: 'AWS_ACCOUNT' }],
    ['a|b|c', { of: 'unknown', value: 'a|b|c' }],
  ])('%j is understood', (value, entity) => {
    expect(readEntity(value)).toEqual(entity);
  });

  it('has the same key in every spelling', () => {
    const keyOf = (value: string) => keyOfEntity(readEntity(value));
    expect(keyOf('prod|web')).toBe(keyOf('arn:aws:ecs:eu-west-1:123456789012:service/prod/web'));
    expect(keyOf('i-abcd1111')).toBe(keyOf('arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111'));
    expect(keyOf('arn:aws:ecs:eu-west-1:123456789012:task/0080')).toBe(keyOf(task.taskArn));
  });
});
