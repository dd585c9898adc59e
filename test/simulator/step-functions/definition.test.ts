import { describe, expect, it } from 'vitest';
import { type Machine, prepare, type State } from '../../../simulator/step-functions/definition.ts';
import { only, task } from './support.ts';

describe('preparing a definition', () => {
  it.each<[string, Machine]>([
    ['QueryLanguage JSONata', { ...only({ Type: 'Succeed' }), QueryLanguage: 'JSONata' }],
    ['Assign', only({ Type: 'Pass', Assign: { a: 1 }, End: true })],
    ['Arguments', only(task('a', { Arguments: {} }))],
    ['HeartbeatSeconds', only(task('a', { HeartbeatSeconds: 5 }))],
    ['$$.State', only({ Type: 'Pass', Parameters: { 'a.$': '$$.State.Name' }, End: true })],
    ['InputPath of a Wait', only({ Type: 'Wait', Seconds: 1, InputPath: '$.a', End: true })],
    [
      'a distributed Map',
      only({
        Type: 'Map',
        ItemProcessor: { ...only({ Type: 'Succeed' }), ProcessorConfig: { Mode: 'DISTRIBUTED' } },
        End: true,
      }),
    ],
  ])('refuses %s, which the interpreter would misread', (what, machine) => {
    expect(() => prepare(machine)).toThrow(what);
  });

  it('names the state that it refuses, nested ones too', () => {
    const nested: State = {
      Type: 'Parallel',
      Branches: [only(task('a', { HeartbeatSeconds: 5 }))],
      End: true,
    };
    expect(() => prepare({ StartAt: 'Outer', States: { Outer: nested } })).toThrow('Only: ');
  });

  it('finds every Task and Wait, nested ones too, and leaves the definition as it was', () => {
    const machine: Machine = {
      StartAt: 'Each',
      TimeoutSeconds: 90,
      States: {
        Each: { Type: 'Map', ItemProcessor: only(task('a')), Next: 'Wait' },
        Wait: { Type: 'Wait', Seconds: 1, End: true },
      },
    };
    const before = JSON.stringify(machine);
    const { tasks, timeoutSeconds } = prepare(machine);
    expect([...tasks.keys()]).toEqual(['Only', 'Wait']);
    expect(timeoutSeconds).toBe(90);
    expect(JSON.stringify(machine)).toBe(before);
  });
});
