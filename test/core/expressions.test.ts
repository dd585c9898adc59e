import { describe, expect, it } from 'vitest';
import { satisfies } from '../../functions/core/expressions.ts';

const host = {
  instanceId: 'i-0abc',
  attributes: {
    'ecs.instance-type': 't3.large',
    'ecs.availability-zone': 'eu-west-1a',
    stack: 'prod',
    'com.example.gpu': '',
    generation: '5',
  },
  taskGroups: new Set(['service:web']),
};

describe('placement expressions', () => {
  it.each<[string, boolean]>([
    ['attribute:ecs.instance-type == t3.large', true],
    ['attribute:ecs.instance-type =~ t3.*', true],
    ['attribute:ecs.instance-type =~ t2.*', false],
    ['attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d', false],
    ['attribute:ecs.instance-type !~ g2.* and attribute:ecs.availability-zone != us-east-1d', true],
    ['attribute:ecs.availability-zone in [eu-west-1a, eu-west-1b]', true],
    ['attribute:ecs.availability-zone not_in [eu-west-1a, eu-west-1b]', false],
    ['attribute:stack == "prod"', true],
    ['attribute:stack exists', true],
    ['attribute:missing exists', false],
    ['attribute:missing !exists', true],
    ['not(attribute:stack == test)', true],
    ['!(attribute:stack == prod)', false],
    ['(attribute:stack == test or attribute:stack == prod) and attribute:generation >= 5', true],
    ['attribute:stack == test || attribute:generation > 5', false],
    ['attribute:stack == prod && attribute:generation < 6', true],
    ['task:group == service:web', true],
    ['not(task:group == service:web)', false],
    ['ec2InstanceId in [i-0abc, i-0def]', true],
    ['attribute:stack matches pr.*', true],
    ['attribute:stack equals prod', true],
  ])('reads %s as %s', (expression, expected) => {
    expect(satisfies(expression, host)).toBe(expected);
  });

  it.each([
    '',
    'attribute:stack',
    'runningTasksCount == 0',
    'attribute:stack == prod and',
    '(attribute:stack == prod',
  ])('says of "%s" that it cannot be read, rather than that it fits', (expression) => {
    expect(satisfies(expression, host)).toBeUndefined();
  });
});
