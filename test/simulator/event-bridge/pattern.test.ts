import { describe, expect, it } from 'vitest';
import { matches } from '../../../simulator/event-bridge/pattern.ts';

const EVENT = {
  source: 'aws.autoscaling',
  'detail-type': 'EC2 Instance-terminate Lifecycle Action',
  resources: ['arn:aws:a', 'arn:aws:b'],
  detail: { state: 'running', count: 5, name: 'Prod-web', empty: null, nested: { codes: [1, 2] } },
};

describe('event patterns (eb-create-pattern-operators)', () => {
  it.each([
    ['an exact value', { source: ['aws.ec2', 'aws.autoscaling'] }, true],
    ['no listed value', { source: ['aws.ec2'] }, false],
    ['a field that is absent', { detail: { missing: ['x'] } }, false],
    ['every field must fit', { source: ['aws.autoscaling'], detail: { state: ['stopped'] } }, false],
    ['an element of an array', { resources: ['arn:aws:b'] }, true],
    ['numbers by value, not as text', { detail: { count: ['5'] } }, false],
    ['null', { detail: { empty: [null] } }, true],
    ['deep fields', { detail: { nested: { codes: [2] } } }, true],
    ['prefix', { detail: { name: [{ prefix: 'Prod-' }] } }, true],
    ['prefix that differs in case', { detail: { name: [{ prefix: 'prod-' }] } }, false],
    ['prefix that ignores case', { detail: { name: [{ prefix: { 'equals-ignore-case': 'prod-' } }] } }, true],
    ['suffix', { detail: { name: [{ suffix: '-web' }] } }, true],
    ['equals-ignore-case', { detail: { name: [{ 'equals-ignore-case': 'PROD-WEB' }] } }, true],
    ['wildcard', { detail: { name: [{ wildcard: 'P*-w*b' }] } }, true],
    ['wildcard takes dots literally', { source: [{ wildcard: 'awsXauto*' }] }, false],
    ['exists', { detail: { state: [{ exists: true }] } }, true],
    ['exists false', { detail: { missing: [{ exists: false }] } }, true],
    ['exists false for what exists', { detail: { state: [{ exists: false }] } }, false],
    ['anything-but', { detail: { state: [{ 'anything-but': ['stopped', 'pending'] }] } }, true],
    ['anything-but for a listed value', { detail: { state: [{ 'anything-but': 'running' }] } }, false],
    ['anything-but a prefix', { detail: { name: [{ 'anything-but': { prefix: 'Prod' } }] } }, false],
    ['anything-but needs the field', { detail: { missing: [{ 'anything-but': 'x' }] } }, false],
    ['numeric range', { detail: { count: [{ numeric: ['>', 0, '<=', 5] }] } }, true],
    ['numeric range missed', { detail: { count: [{ numeric: ['>', 5] }] } }, false],
    ['numeric for a text', { detail: { state: [{ numeric: ['>', 0] }] } }, false],
    ['one of $or', { $or: [{ source: ['aws.ec2'] }, { detail: { count: [5] } }] }, true],
    ['none of $or', { $or: [{ source: ['aws.ec2'] }, { detail: { count: [6] } }] }, false],
  ])('%s', (_what, pattern, expected) => {
    expect(matches(pattern, EVENT)).toBe(expected);
  });

  it('names an operator that it does not know', () => {
    expect(() => matches({ source: [{ cidr: '10.0.0.0/24' }] }, EVENT)).toThrow('cidr');
  });
});
