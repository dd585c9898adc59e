/** What the statements about container instances share: an account under test, and what it says of a host. */
import type {
  ContainerInstance,
  DescribeContainerInstancesResponse,
  UpdateContainerInstancesStateResponse,
} from '@aws-sdk/client-ecs';
import { afterEach } from 'vitest';
import { type FakeAccount, fakeAccount } from '../ecs/fake-account.ts';
import { type AccountSpec, hostArn } from '../ecs/fake-capture.ts';

/** The account that `start` began; of each test file its own. */
export let account: FakeAccount;
afterEach(() => account?.clock.uninstall());
export const start = (spec: AccountSpec) => {
  account = fakeAccount(spec);
  return account;
};
export const hosts = (...ids: string[]) => ids.map((id) => ({ id }));
export const web = (on: readonly string[], more: object = {}) => ({
  name: 'web',
  desired: on.length,
  on,
  ...more,
});

export function describeHost(id: string): ContainerInstance | undefined {
  const arn = account.ecs.containerInstanceOf(id)?.containerInstanceArn ?? hostArn(id);
  return account.call<DescribeContainerInstancesResponse>('DescribeContainerInstances', {
    containerInstances: [arn],
    include: ['CONTAINER_INSTANCE_HEALTH'],
  }).containerInstances?.[0];
}
export const versionOf = (id: string) => describeHost(id)?.version ?? 0;
export const hostEvents = (detailType = 'ECS Container Instance State Change') =>
  account.events.filter((event) => event.detailType === detailType);
export const setState = (ids: readonly string[], status: string) =>
  account.call<UpdateContainerInstancesStateResponse>('UpdateContainerInstancesState', {
    containerInstances: ids.map((id) => account.ecs.containerInstanceOf(id)?.containerInstanceArn ?? id),
    status,
  });
