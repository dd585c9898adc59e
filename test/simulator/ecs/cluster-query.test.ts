import { describe, expect, it } from 'vitest';
import { parseQuery, type QuerySubject } from '../../../simulator/ecs/cluster-query.ts';

const host: QuerySubject = {
  attributes: { 'ecs.instance-type': 't3.small', 'ecs.availability-zone': 'us-east-1a', stack: 'prod' },
  agentConnected: true,
  agentVersion: '1.10.0',
  ec2InstanceId: 'i-abcd1234',
  registeredAtMs: Date.parse('2026-02-18T22:28:28Z'),
  runningTasksCount: 3,
  hasTaskOfGroup: (group) => group === 'service:production',
};

describe('the cluster query language', () => {
  it.each([
    // The examples of the developer guide's page on the language.
    ['attribute:ecs.instance-type == t3.small', true],
    ['attribute:ecs.availability-zone in [us-east-1a, us-east-1b]', true],
    ['attribute:ecs.availability-zone not_in [us-east-1a, us-east-1b]', false],
    ['attribute:ecs.availability-zone !in [us-east-1d]', true],
    ['task:group == service:production', true],
    ['not(task:group == database)', true],
    ['task:group != service:production', false],
    ['runningTasksCount == 1', false],
    ['agentVersion < 1.11.0', true],
    ['agentVersion >= 1.9.0', true],
    ['registeredAt <= 2026-02-18T22:28:28+00:00', true],
    ['registeredAt < 2026-02-18T23:28:28+01:00', false],
    ['ec2InstanceId in ["i-abcd1234", "i-wxyx7890"]', true],
    ['agentConnected == true', true],
    ['attribute:stack exists', true],
    ['attribute:color !exists', true],
    ['attribute:ecs.instance-type =~ t3.*', true],
    ['attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d', false],
    ['attribute:stack == test or (attribute:stack == prod and runningTasksCount > 2)', true],
    ['attribute:stack == prod && !(agentConnected == false)', true],
    ['attribute:missing != anything', true],
  ])('reads %s', (expression, expected) => {
    expect(parseQuery(expression)(host)).toBe(expected);
  });

  it.each(['attribute:stack', 'stack == prod', 'attribute:stack == prod and', 'attribute:stack == prod)'])(
    'refuses %s',
    (expression) => {
      expect(() => parseQuery(expression)).toThrow(/invalid expression/);
    },
  );
});
