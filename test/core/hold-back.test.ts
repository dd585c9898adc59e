/** Rule 19 beforehand: which part of the surge waits until its zone is certain. */
import { describe, expect, it } from 'vitest';
import { runToEnd } from '../support/model-run.ts';

const services = [{ name: 'web', desired: 60 }];

describe('new hosts that old and new zones cannot share evenly', () => {
  it('are asked for once the emptiest zone is one that lacks new hosts', () => {
    const run = runToEnd({ hosts: 50, services });
    const asked = run.steps.flatMap(({ step, facts }) =>
      step.register.map(({ desiredCapacity }) => ({ desiredCapacity, facts })),
    );
    expect(asked.map(({ desiredCapacity }) => desiredCapacity).slice(0, 2)).toEqual([51, 99]);
    expect(asked).toHaveLength(3);

    const counts = (image?: string) =>
      ['a', 'b', 'c'].map(
        (zone) =>
          asked[2]?.facts.hosts.filter(
            (host) =>
              host.zone === zone &&
              host.lifecycleState === 'InService' &&
              (image === undefined || host.imageId === image),
          ).length ?? 0,
      );
    const all = counts();
    const fresh = counts('ami-new');
    const emptiest = fresh.filter((_, at) => all[at] === Math.min(...all));
    expect(new Set(emptiest)).toEqual(new Set([Math.min(...fresh)]));
    expect(run.end?.outcome).toBe('SUCCEEDED');
    expect(run.world.desired).toBe(50);
  });

  it('are waited for even when every old host has gone before they are ready', () => {
    const run = runToEnd(
      { hosts: 50, services },
      { settings: { maxTasksInMotionPercent: 100, canaryInstances: 0 } },
    );
    const end = run.steps.find(({ step }) => step.end !== undefined);
    expect(
      end?.facts.hosts.filter((host) => host.lifecycleState === 'InService' && host.agentConnected),
    ).toHaveLength(50);
    expect(end?.step.end?.outcome).toBe('SUCCEEDED');
  });

  it.each([
    ['share them evenly', { hosts: 50, zones: ['a', 'b'] }, 100],
    ['miss them', { hosts: 7 }, 14],
  ])('are asked for at once where the zones would %s', (_, cluster, whole) => {
    const run = runToEnd({ ...cluster, services });
    const sizes = run.steps.flatMap(({ step }) => step.register.map((action) => action.desiredCapacity));
    expect(sizes[1]).toBe(whole);
  });
});
