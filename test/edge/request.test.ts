import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterNameOf, parseRequest } from '../../functions/edge/request.ts';

const problemsOf = (input: unknown) => {
  const parsed = parseRequest(input);
  return parsed.ok ? [] : parsed.problems;
};

describe('parseRequest', () => {
  it('needs only a cluster', () => {
    expect(parseRequest({ cluster: 'prod' })).toEqual({
      ok: true,
      value: { cluster: 'prod', mode: 'roll', reason: 'manual' },
    });
  });

  it('takes every key of the contract', () => {
    const request = {
      cluster: 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod',
      mode: 'roll',
      reason: 'retirement',
      image: 'ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended',
      instances: ['i-0abc'],
      deadline: '2026-12-01T00:00:00Z',
      settings: { surge: '100%', windows: 'Tue 02:00-05:00 Europe/Berlin' },
    };
    expect(parseRequest(request)).toEqual({ ok: true, value: request });
  });

  it.each([
    [undefined, 'request: is missing; must be a JSON object such as { "cluster": "prod" }'],
    [null, 'request: must be a JSON object such as { "cluster": "prod" }, not null'],
    ['prod', 'request: must be a JSON object such as { "cluster": "prod" }, not "prod"'],
    [{}, 'cluster: is missing; must be the name or ARN of an ECS cluster, such as "prod"'],
    [{ cluster: 'a b' }, 'cluster: must be the name or ARN of an ECS cluster, such as "prod", not "a b"'],
    [{ cluster: 'arn:aws:ecs:eu-west-1:1:cluster/x' }, 'cluster: must be the name or ARN'],
    [{ cluster: 'p', mode: 'rol' }, 'mode: must be one of roll, plan, pause'],
    [{ cluster: 'p', reason: 'because' }, 'reason: must be one of manual, image'],
    [{ cluster: 'p', image: 'latest' }, 'image: must be ssm:<parameter> such as'],
    [{ cluster: 'p', image: 'launch-template' }, 'image: must be ssm:<parameter> such as'],
    [{ cluster: 'p', instances: 'i-0abc' }, 'instances: must be a list of EC2 instance ids, not "i-0abc"'],
    [{ cluster: 'p', instances: [] }, 'instances: must name at least one instance'],
    [
      { cluster: 'p', instances: Array.from({ length: 3000 }, (_, n) => `i-${n}`) },
      'instances: must name at most 1000 instances: start again for the others',
    ],
    [{ cluster: 'p', instances: ['i-1', 7] }, 'instances[1]: must be an EC2 instance id'],
    [{ cluster: 'p', deadline: '2026-12-01' }, 'deadline: must be a time with its zone'],
    [{ cluster: 'p', deadline: '2026-12-01T00:00:00' }, 'deadline: must be a time with its zone'],
    [{ cluster: 'p', settings: [] }, 'settings: must be an object of settings'],
    [{ cluster: 'p', settings: { surge: 'lots' } }, 'settings.surge: must be a percentage'],
    [
      { cluster: 'p', settings: { drainTimeout: 60 } },
      'settings.drainTimeout: is not known here; did you mean drainTimeoutSeconds?',
    ],
    [{ cluster: 'p', instance: ['i-1'] }, 'instance: is not known here; did you mean instances?'],
    [{ cluster: 'p', zzz: 1 }, 'zzz: is not known here; known are cluster, mode'],
    [{ cluster: 'p', services: ['web'] }, 'services: must be left out unless mode is game-day'],
    [{ cluster: 'p', mode: 'game-day' }, 'services: is missing; mode game-day needs services or tasks'],
  ])('refuses %j with its path and how to mend it', (input, problem) => {
    const problems = problemsOf(input);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('names every problem at once', () => {
    const problems = problemsOf({
      clustr: 'prod',
      mode: 'go',
      deadline: 'soon',
      settings: { bakeSeconds: -1, windows: ['Tue 2-5'], imageSource: { web: 'x' }, after: { soakHour: 1 } },
    });
    expect(problems.map((problem) => problem.split(': ')[0]).sort()).toEqual([
      'cluster',
      'clustr',
      'deadline',
      'mode',
      'settings.after.cluster',
      'settings.after.soakHour',
      'settings.after.soakHours',
      'settings.bakeSeconds',
      'settings.imageSource.web',
      'settings.windows[0]',
    ]);
  });

  it('takes how many tasks of each service', () => {
    const day = { cluster: 'p', mode: 'game-day', services: ['web'] };
    expect(parseRequest({ ...day, tasks: 50 })).toMatchObject({ ok: true, value: { tasks: 50 } });
    for (const tasks of [0, 51, 1.5]) expect(parseRequest({ ...day, tasks })).toMatchObject({ ok: false });
    expect(parseRequest({ cluster: 'p', mode: 'game-day', tasks: 2 })).toEqual({
      ok: false,
      problems: ['services: is missing; tasks says only how many of each'],
    });
  });

  it('takes services and tasks on a game day', () => {
    expect(parseRequest({ cluster: 'p', mode: 'game-day', tasks: ['t-1'] })).toMatchObject({ ok: true });
  });

  it('changes nothing when its own answer is parsed again', () => {
    const first = parseRequest({ cluster: 'p', settings: { after: 'none', maxHeldInstances: 'unlimited' } });
    expect(first.ok && parseRequest(JSON.parse(JSON.stringify(first.value)))).toEqual(first);
  });

  it('answers anything at all with a value or with problems that have a path', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        const parsed = parseRequest(input);
        if (parsed.ok) return;
        expect(parsed.problems.length).toBeGreaterThan(0);
        for (const problem of parsed.problems) expect(problem).toMatch(/^\S.*: \S/s);
      }),
    );
  });
});

describe('clusterNameOf', () => {
  it.each([
    ['prod', 'prod'],
    ['arn:aws-cn:ecs:cn-north-1:111122223333:cluster/prod', 'prod'],
  ])('of %s is %s', (cluster, name) => {
    expect(clusterNameOf(cluster)).toBe(name);
  });
});
