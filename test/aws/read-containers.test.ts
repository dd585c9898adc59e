/** Container instances of a large cluster: described at each look, listed only where that may reveal one. */
import {
  DescribeContainerInstancesCommand,
  ECSClient,
  ListContainerInstancesCommand,
} from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import { listKnownContainerInstances } from '../../functions/aws/facts/read-containers.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const ecs = mockClient(ECSClient);
const client = new ECSClient();
/** ARN → status; those that registered lately are what a filter lists. */
const hosts = new Map<string, string>();
const lately = new Set<string>();

beforeEach(() => {
  beginAsNewContainer();
  ecs.reset();
  hosts.clear();
  lately.clear();
  for (const arn of ['a', 'b', 'c']) hosts.set(arn, 'ACTIVE');
  ecs.on(ListContainerInstancesCommand).callsFake(({ filter }) => ({
    containerInstanceArns: [...hosts.keys()].filter((arn) => filter === undefined || lately.has(arn)),
  }));
  ecs.on(DescribeContainerInstancesCommand).callsFake(({ containerInstances }) => ({
    containerInstances: containerInstances.flatMap((arn: string) => {
      const status = hosts.get(arn);
      return status === undefined ? [] : [{ containerInstanceArn: arn, status }];
    }),
  }));
});

async function look(afterSeconds: number, registered = hosts.size): Promise<unknown[]> {
  ecs.resetHistory();
  const cluster = { clusterName: 'prod', registeredContainerInstancesCount: registered };
  const found = await listKnownContainerInstances(client, cluster, NOW_MS + afterSeconds * 1000);
  return found.map((host) => host.containerInstanceArn).sort();
}
const filters = () =>
  ecs.commandCalls(ListContainerInstancesCommand).map((call) => call.args[0].input.filter);
const described = () =>
  ecs
    .commandCalls(DescribeContainerInstancesCommand)
    .flatMap((call) => call.args[0].input.containerInstances);

it('those known are described, and those that registered lately are listed', async () => {
  expect(await look(0)).toEqual(['a', 'b', 'c']);
  expect(filters()).toEqual([undefined]);
  hosts.delete('b');
  hosts.set('d', 'ACTIVE');
  lately.add('d');
  expect(await look(60)).toEqual(['a', 'c', 'd']);
  expect(filters()).toEqual(['registeredAt >= 2026-11-22T11:55:00Z']);
});

it('one that no filter has shown is found where ECS counts more, at the next tenth minute', async () => {
  await look(0);
  hosts.set('d', 'ACTIVE');
  expect(await look(300)).toEqual(['a', 'b', 'c']);
  expect(await look(600)).toEqual(['a', 'b', 'c', 'd']);
  expect(described()).toEqual(['a', 'b', 'c', 'd']);
  await look(660);
  expect(filters()).toHaveLength(1);
});

it('all are listed each hour, whatever ECS counts', async () => {
  await look(0);
  hosts.set('d', 'ACTIVE');
  expect(await look(3540, 3)).toEqual(['a', 'b', 'c']);
  expect(await look(3600, 3)).toEqual(['a', 'b', 'c', 'd']);
});

it('those that register and are not yet what ECS counts are no reason to list all of them', async () => {
  await look(0);
  hosts.set('d', 'REGISTERING');
  lately.add('d');
  expect(await look(600, 3)).toEqual(['a', 'b', 'c', 'd']);
  expect(filters()).toHaveLength(1);
});
