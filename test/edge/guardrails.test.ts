import { describe, expect, it } from 'vitest';
import { settingsFor } from '../../functions/core/settings.ts';
import {
  clusterProblem,
  type Guardrails,
  type GuardrailsInput,
  optInOf,
  parseGuardrails,
} from '../../functions/edge/guardrails.ts';
import { resolveSettings } from '../../functions/edge/settings.ts';

const read = (input: GuardrailsInput): Guardrails => {
  const parsed = parseGuardrails(input);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return parsed.value;
};

describe('guardrails', () => {
  it.each<[string, GuardrailsInput, Record<string, unknown>, string | undefined]>([
    ['a number under max', { settings: { bakeSeconds: { max: 600 } } }, { bakeSeconds: 600 }, undefined],
    [
      'a number over max',
      { settings: { bakeSeconds: { max: 600 } } },
      { bakeSeconds: 601 },
      'no more than 600',
    ],
    [
      'a number under min',
      { settings: { bakeSeconds: { min: 60 } } },
      { bakeSeconds: 59 },
      'no less than 60',
    ],
    ['a percentage under max', { settings: { surge: { max: '50%' } } }, { surge: '50%' }, undefined],
    ['a percentage over max', { settings: { surge: { max: '50%' } } }, { surge: '51%' }, 'no more than 50%'],
    [
      'a number against a percentage',
      { settings: { surge: { max: '50%' } } },
      { surge: 1 },
      'no more than 50%',
    ],
    [
      'no limit at all',
      { settings: { maxHeldInstances: { max: 5 } } },
      { maxHeldInstances: 'unlimited' },
      'no more than 5',
    ],
    [
      'a value of the list',
      { settings: { onDrainTimeout: { oneOf: ['hold'] } } },
      { onDrainTimeout: 'hold' },
      undefined,
    ],
    [
      'a value beside the list',
      { settings: { onDrainTimeout: { oneOf: ['hold'] } } },
      { onDrainTimeout: 'rollback' },
      'only hold',
    ],
    [
      'a change that is locked',
      { settings: { raiseMaxSize: { change: 'never' } } },
      { raiseMaxSize: false },
      'may not be changed',
    ],
    [
      'the locked value again',
      { settings: { raiseMaxSize: { change: 'never' } } },
      { raiseMaxSize: true },
      undefined,
    ],
    ['up where only up', { settings: { bakeSeconds: { change: 'raise' } } }, { bakeSeconds: 301 }, undefined],
    [
      'down where only up',
      { settings: { bakeSeconds: { change: 'raise' } } },
      { bakeSeconds: 299 },
      'may only be raised',
    ],
    ['down where only down', { settings: { surge: { change: 'lower' } } }, { surge: '10%' }, undefined],
    ['force where never', { neverForce: true }, { standaloneTasks: 'stop' }, 'by force'],
    ['force at the limit where never', { neverForce: true }, { onDrainTimeout: 'stop-tasks' }, 'by force'],
    ['waiting where never force', { neverForce: true }, { protectedTasks: 'hold' }, undefined],
    [
      'an owner beyond',
      { imageOwners: ['self'] },
      { imageOwners: ['self', '444455556666'] },
      'not of 444455556666',
    ],
    ['fewer owners', { imageOwners: ['self', 'amazon'] }, { imageOwners: ['self'] }, undefined],
    ['a setting without a guardrail', { settings: { surge: { max: '50%' } } }, { bakeSeconds: 0 }, undefined],
  ])('judge %s', (_, input, request, problem) => {
    const { problems } = resolveSettings({ request }, read(input));
    expect(problems).toEqual(problem === undefined ? [] : [expect.stringContaining(problem)]);
    for (const each of problems) expect(each).toMatch(/^settings\.\w+: the deployment/);
  });

  it('hold for cluster tags and group tags, and name whose tag it is', () => {
    const { problems, settings } = resolveSettings(
      {
        clusterTags: { 'rollover:bake-seconds': '0' },
        groupTags: { web: { 'rollover:bake-seconds': '1' } },
      },
      read({ settings: { bakeSeconds: { min: 60 } } }),
    );
    expect(problems).toEqual([
      'cluster tags.bakeSeconds: the deployment allows no less than 60',
      'tags of web.bakeSeconds: the deployment allows no less than 60',
    ]);
    expect(settingsFor(settings, 'web').bakeSeconds).toBe(300);
  });

  it("measure a change from the deployment's value", () => {
    const guardrails = read({ settings: { bakeSeconds: { change: 'raise' } } });
    const problems = (request: number) =>
      resolveSettings({ deployment: { bakeSeconds: 600 }, request: { bakeSeconds: request } }, guardrails)
        .problems;
    expect(problems(601)).toEqual([]);
    expect(problems(599)).toHaveLength(1);
  });

  it('let the deployment itself choose the value that nobody else may change', () => {
    const guardrails = read({ settings: { bakeSeconds: { change: 'never' } } });
    expect(resolveSettings({ deployment: { bakeSeconds: 10 } }, guardrails).problems).toEqual([]);
    expect(
      resolveSettings({ deployment: { bakeSeconds: 10 }, request: { bakeSeconds: 300 } }, guardrails)
        .problems,
    ).toHaveLength(1);
  });

  it('hold the deployment to its own bounds, and move a default that lies outside', () => {
    const guardrails = read({ settings: { surge: { max: '50%' } }, imageOwners: ['444455556666'] });
    expect(resolveSettings({ deployment: { surge: '60%' } }, guardrails).problems).toEqual([
      'deployment settings.surge: the deployment allows no more than 50%',
    ]);
    expect(resolveSettings({}, guardrails)).toMatchObject({
      problems: [],
      settings: { surge: { percent: 50 }, imageOwners: ['444455556666'] },
    });
  });

  it.each<[unknown, string]>([
    [{ cluster: ['x'] }, 'cluster: is not known here; did you mean clusters?'],
    [{ clusters: 'prod' }, 'clusters: must be a list of cluster names'],
    [{ settings: { bakeSecond: {} } }, 'settings.bakeSecond: is not known here; did you mean bakeSeconds?'],
    [{ settings: { surge: { change: 'up' } } }, 'settings.surge.change: must be one of never, raise, lower'],
    [{ neverForce: 'yes' }, 'neverForce: must be true or false'],
    [{ warmPools: 'keep' }, 'warmPools: must be one of rebuild, refuse'],
    [[], 'guardrails: must be an object'],
  ])('are refused when they read %j', (input, problem) => {
    expect(parseGuardrails(input)).toMatchObject({ ok: false, problems: [expect.stringContaining(problem)] });
  });

  it.each<[GuardrailsInput, string, boolean]>([
    [{}, 'anything', true],
    [{ clusters: ['prod'] }, 'prod', true],
    [{ clusters: ['prod'] }, 'prod-2', false],
    [{ clusters: ['prod-*', 'dev'] }, 'prod-2', true],
    [{ clusters: ['prod-*'] }, 'my-prod-2', false],
    [{ clusters: [] }, 'prod', false],
  ])('%j on cluster %s: allowed is %s', (input, cluster, allowed) => {
    expect(clusterProblem(read(input), cluster) === undefined).toBe(allowed);
  });
});

describe('optInOf', () => {
  it.each<[Record<string, string>, string]>([
    [{}, 'no'],
    [{ 'rollover:enabled': 'true' }, 'roll'],
    [{ 'rollover:enabled': 'observe' }, 'observe'],
    [{ 'rollover:enabled': ' True ' }, 'roll'],
    [{ 'rollover:enabled': 'false' }, 'no'],
    [{ 'rollover:enabled': 'yes' }, 'no'],
  ])('of %j is %s', (tags, optIn) => {
    expect(optInOf(tags, {})).toBe(optIn);
  });

  it('of a cluster that would be rolled is observe where the deployment only observes', () => {
    expect(optInOf({ 'rollover:enabled': 'true' }, read({ observeOnly: true }))).toBe('observe');
    expect(optInOf({}, read({ observeOnly: true }))).toBe('no');
  });
});
