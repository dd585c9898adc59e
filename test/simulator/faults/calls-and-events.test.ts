/** What each kind of fault does to calls, reads, functions and events, in every form of its arguments. */

import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import type { Scene } from '../support/example-account.ts';
import { AT_ONCE, LAUNCHED, setDesired, TASK_CHANGED, withFaults } from './support.ts';

describe('calls', () => {
  const api = { kind: 'api-error', ...AT_ONCE, error: 'Throttling' };

  async function answers(scene: Scene, times: number): Promise<string[]> {
    await scene.wait(2);
    for (let call = 0; call < times; call++)
      await scene.autoScaling.send(new DescribeAutoScalingGroupsCommand({})).catch(() => {});
    return scene.observations.flatMap(({ observation }) =>
      observation.kind === 'call' ? [observation.answer] : [],
    );
  }

  it('api-error with rate: about that share of calls', async () => {
    await withFaults(
      [{ ...api, operation: 'AutoScaling.DescribeAutoScalingGroups', rate: 0.4 }],
      async (scene) => {
        const seen = await answers(scene, 100);
        const share = seen.filter((answer) => answer === 'Throttling').length / seen.length;
        expect(share).toBeGreaterThan(0.2);
        expect(share).toBeLessThan(0.6);
      },
    );
  });

  it('api-error with seconds: not after them', async () => {
    const outage = { ...api, operation: 'AutoScaling.*', rate: 1, seconds: 60 };
    await withFaults([outage], async (scene) => {
      expect(new Set(await answers(scene, 3))).toEqual(new Set(['Throttling']));
      await scene.wait(60);
      expect((await answers(scene, 1)).at(-1)).toBe('ok');
    });
  });

  it('api-error of another service leaves this one alone', async () => {
    await withFaults([{ ...api, operation: 'ECS.*', rate: 1 }], async (scene) => {
      expect(await answers(scene, 3)).toEqual(['ok', 'ok', 'ok']);
    });
  });

  it.each([0, 1])(
    'handler-crash after %i calls: the function dies there, in so many invocations',
    async (afterCalls) => {
      await withFaults(
        [{ kind: 'handler-crash', atSeconds: 0, function: 'mine', afterCalls, times: 2 }],
        async (scene) => {
          let begun = 0;
          let ended = 0;
          scene.account.lambda.register('mine', {
            handler: async () => {
              begun++;
              await scene.autoScaling.send(new DescribeAutoScalingGroupsCommand({}));
              ended++;
            },
            timeoutSeconds: 60,
          });
          const invoke = () =>
            scene.account.lambda.invoke('mine', {}).then(
              () => 'ok',
              (error: Error) => error.name,
            );
          const names = [await invoke(), await invoke(), await invoke()];

          expect(names.slice(0, 2).every((name) => /Unknown|ExitError/.test(name))).toBe(true);
          expect(names[2]).toBe('ok');
          expect([begun, ended]).toEqual([afterCalls === 0 ? 1 : 3, 1]);
        },
      );
    },
  );
});

describe('stale-reads', () => {
  it('reach Auto Scaling, and as long as the scenario says: over two minutes too', async () => {
    await withFaults(
      [{ kind: 'stale-reads', atSeconds: 0, service: 'AutoScaling', lagSeconds: 600 }],
      async (scene) => {
        await scene.wait(700);
        await setDesired(scene, 13);
        const desired = async () =>
          (await scene.autoScaling.send(new DescribeAutoScalingGroupsCommand({}))).AutoScalingGroups?.[0]
            ?.DesiredCapacity;
        await scene.wait(500);
        expect(await desired()).toBe(12);
        await scene.wait(110);
        expect(await desired()).toBe(13);
      },
    );
  });

  it('reach Parameter Store, by the name of the service in any case', async () => {
    const parameter = '/platform/ecs/golden-ami';
    await withFaults(
      [
        { kind: 'stale-reads', atSeconds: 0, service: 'ssm', lagSeconds: 300 },
        { kind: 'publish-image', atSeconds: 10, parameter, image: 'ami-0fedcba9' },
      ],
      async (scene) => {
        const ssm = new SSMClient({});
        scene.account.attach(ssm, 'SSM');
        const value = async () =>
          (await ssm.send(new GetParameterCommand({ Name: parameter }))).Parameter?.Value;
        await scene.wait(200);
        expect(await value()).not.toContain('ami-0fedcba9');
        await scene.wait(200);
        expect(await value()).toContain('ami-0fedcba9');
      },
    );
  });
});

describe('events', () => {
  it('send-event: as it stands, with the fields of replays and pages', async () => {
    const event = {
      version: '0',
      id: 'replayed',
      source: 'aws.health',
      'detail-type': 'AWS Health Event',
      account: '111122223333',
      region: 'us-west-2',
      time: '2026-11-01T00:00:00Z',
      'replay-name': 'again',
      resources: [],
      detail: { eventRegion: 'eu-west-1', backupEvent: 'true', page: '2', totalPages: '3' },
    };
    const seen: unknown[] = [];
    await withFaults(
      [{ kind: 'send-event', ...AT_ONCE, event }],
      async (scene) => {
        await scene.wait(5);
        expect(seen).toEqual([event]);
      },
      (account) =>
        account.eventBridge.addRule({
          name: 'health',
          pattern: { source: ['aws.health'], detail: { backupEvent: ['true'] } },
          target: { deliver: (delivered) => void seen.push(delivered) },
        }),
    );
  });

  /** How often each event of this detail type came while a host was launched and a task ended. */
  async function deliveries(kind: string | undefined, detailType: string): Promise<number[]> {
    const ids = new Map<string, number>();
    await withFaults(
      [
        ...(kind === undefined ? [] : [{ kind, atSeconds: 0, share: 1 }]),
        { kind: 'end-task', ...AT_ONCE, service: 'search', exitCode: 1 },
      ],
      async (scene) => {
        await setDesired(scene, 13);
        await scene.wait(200);
      },
      (account) =>
        account.eventBridge.addRule({
          name: 'all',
          pattern: { 'detail-type': [detailType] },
          target: { deliver: ({ id }) => void ids.set(id, (ids.get(id) ?? 0) + 1) },
        }),
    );
    return [...ids.values()];
  }

  it('drop-events loses those of best-effort sources, never those of ECS', async () => {
    expect((await deliveries(undefined, LAUNCHED)).length).toBeGreaterThan(0);
    expect(await deliveries('drop-events', LAUNCHED)).toEqual([]);
    expect((await deliveries('drop-events', TASK_CHANGED)).length).toBeGreaterThan(0);
  });

  it('duplicate-events brings every one twice', async () => {
    const seen = await deliveries('duplicate-events', TASK_CHANGED);
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen)).toEqual(new Set([2]));
  });
});
