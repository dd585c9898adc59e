/** What looks at a large cluster claim to know while tasks move, and what they cost. */
import { DescribeTaskDefinitionCommand, DescribeTasksCommand, ECSClient } from '@aws-sdk/client-ecs';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RunningRead } from '../../functions/aws/facts/read-running.ts';
import { describeTaskDefinitions } from '../../functions/aws/task-definitions.ts';
import { READS_PER_LOOK } from '../../functions/core/pace.ts';
import {
  arnsOf,
  beginLargeCluster,
  ecs,
  HOSTS,
  hostOf,
  hosts,
  later,
  lists,
  listsOf,
  read,
  START_MS,
  services,
  TASKS_PER_HOST,
  taskOn,
  truth,
} from '../support/large-cluster.ts';

const SERVICES = 35;
let started = 0;

const serviceOf = (host: number, task: number) => `svc-${(host * TASKS_PER_HOST + task) % SERVICES}`;

/** A task of `from` is replaced on `to`. */
function move(from: string, to: string): void {
  const task = hostOf(from).tasks.shift();
  if (task === undefined) return;
  hostOf(from).version += 1;
  start(to, task.group?.slice('service:'.length));
}

function start(host: string, serviceName?: string): void {
  const { group, ...task } = taskOn(host, `new-${started++}`, serviceName);
  hostOf(host).tasks.push(serviceName === undefined ? { ...task, group: 'family:job' } : { ...task, group });
  hostOf(host).version += 1;
}

/** Hosts that count as read and on which something else is known than runs there. */
function wronglyRead({ tasks, unread }: RunningRead): string[] {
  const known = Map.groupBy(tasks, (task) => task.containerInstanceArn);
  return [...hosts].flatMap(([id, host]) => {
    const arn = `container-instance/${id}`;
    const isRight = String(arnsOf(known.get(arn) ?? [])) === String(arnsOf(host.tasks));
    return isRight || unread.has(arn) ? [] : [id];
  });
}

const hostArb = fc.nat({ max: HOSTS - 1 }).map((at) => `h${at}`);
const changeArb = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('move' as const), from: hostArb, to: hostArb }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), from: hostArb, to: hostArb }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('job' as const), from: hostArb, to: hostArb }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drain' as const), from: hostArb, to: hostArb }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flap' as const), from: hostArb, to: hostArb }) },
);

function happens({
  kind,
  from,
  to,
}: {
  readonly kind: string;
  readonly from: string;
  readonly to: string;
}): void {
  if (kind === 'move') move(from, to);
  if (kind === 'die') hostOf(from).tasks.pop();
  if (kind === 'job') start(to);
  if (kind === 'drain') hostOf(from).status = 'DRAINING';
  if (kind !== 'move') hostOf(from).version += 1;
}

describe('while tasks of a large cluster move', () => {
  beforeEach(() => {
    started = 0;
    beginLargeCluster(serviceOf);
  });

  it('a host that counts as read holds what it is said to hold, and in the end all are read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ changes: fc.array(changeArb, { maxLength: 120 }), isLate: fc.boolean() }), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.integer({ min: 0, max: 60 }),
        async (looks, shown) => {
          beginLargeCluster(serviceOf);
          await read(services());
          for (const { changes, isLate } of looks) {
            later();
            for (const change of changes) happens(change);
            // Some services tell nothing: they were made after the run was planned.
            const found = await read(services().slice(0, shown), isLate ? -1 : 40);
            expect(lists()).toBeLessThanOrEqual(READS_PER_LOOK);
            expect(wronglyRead(found)).toEqual([]);
          }
          for (let at = 0; at < 4; at += 1) {
            later();
            await read(services());
          }
          const last = await read(services());
          expect(last.unread.size).toBe(0);
          expect(arnsOf(last.tasks)).toEqual(truth());
        },
      ),
      { numRuns: 4 },
    );
  });

  it('hundreds of moved tasks are found by lists of their services, not of each host', async () => {
    await read(services());
    later();
    for (let at = 0; at < 340; at += 1) move(`h${at % 40}`, `h${40 + ((at * 7) % 310)}`);
    const found = await read(services());
    expect([arnsOf(found.tasks), found.unread.size]).toEqual([truth(), 0]);
    expect(lists()).toBeLessThan(90);
  });

  it('the list of a host comes first where it reveals more', async () => {
    await read(services());
    later();
    for (let at = 0; at < 8; at += 1) start('h5', `svc-${at}`);
    const found = await read(services());
    expect([arnsOf(found.tasks), lists(), listsOf('h5')]).toEqual([truth(), 1, 1]);
  });

  it('what a list does not explain is not asked for at each look', async () => {
    await read(services());
    const odd = services().map((service) => ({ ...service, runningCount: (service.runningCount ?? 0) + 3 }));
    later();
    await read(odd);
    const first = lists();
    later(30);
    await read(odd);
    expect(first).toBeGreaterThanOrEqual(SERVICES);
    expect(lists()).toBe(0);
  });

  it('a task that has no check of its health is settled once it runs', async () => {
    const definitions = [
      { taskDefinitionArn: 'plain', containerDefinitions: [{ name: 'app' }] },
      { taskDefinitionArn: 'checked', containerDefinitions: [{ name: 'app', healthCheck: { command: [] } }] },
    ];
    ecs.on(DescribeTaskDefinitionCommand).callsFake(({ taskDefinition }) => ({
      taskDefinition: definitions.find((one) => one.taskDefinitionArn === taskDefinition),
    }));
    await describeTaskDefinitions(new ECSClient(), ['plain', 'checked']);
    // At the end of what the round passes, so that it has not come there yet.
    for (const { taskDefinitionArn } of definitions) {
      const young = {
        ...taskOn('h349', taskDefinitionArn),
        taskDefinitionArn,
        startedAt: new Date(START_MS),
      };
      hostOf('h349').tasks.push(young);
    }
    await read(services());
    later();
    await read(services());
    const asked = ecs.commandCalls(DescribeTasksCommand).flatMap((call) => call.args[0].input.tasks ?? []);
    expect(['task/h349-plain', 'task/h349-checked'].filter((arn) => asked.includes(arn))).toEqual([
      'task/h349-checked',
    ]);
  });
});
