/** A small cluster for the statements of AWS about services; readings are fixed unless a statement varies them. */
import type { DescribeServicesResponse, Service } from '@aws-sdk/client-ecs';
import { type FakeAccount, fakeAccount } from '../ecs/fake-account.ts';
import type { AccountSpec } from '../ecs/fake-capture.ts';

const READINGS = {
  drainingIgnoresProtection: true,
  joiningHostWakesScheduler: false,
  rebalancingMovesOneTaskAtATime: false,
  repeatedServiceMessagesOmitted: false,
  exitCountsAsFailedTask: true,
} as const;

export interface Cluster extends FakeAccount {
  described(name: string): Service;
  messages(name: string): string[];
  /** Tasks of the service that shall run, by host or zone. */
  on(name: string, ...hosts: string[]): number;
  /** RUNNING and shall run. */
  running(name: string): number;
}

export function cluster(spec: AccountSpec): Cluster {
  const account = fakeAccount({ ...spec, readings: { ...READINGS, ...spec.readings } });
  const described = (name: string) =>
    account.call<DescribeServicesResponse>('DescribeServices', { services: [name] }).services?.[0] ?? {};
  return {
    ...account,
    described,
    messages: (name) => (described(name).events ?? []).map(({ message }) => message ?? ''),
    on: (name, ...hosts) =>
      account
        .tasksOf(name)
        .filter((task) => task.desiredStatus === 'RUNNING' && hosts.includes(task.instanceId ?? '')).length,
    running: (name) =>
      account
        .tasksOf(name)
        .filter((task) => task.desiredStatus === 'RUNNING' && task.lastStatus === 'RUNNING').length,
  };
}

export const hosts = (...ids: string[]) => ids.map((id) => ({ id, cpu: 8192, memory: 32_768 }));

/** The same host so many times: tasks of a service that stand on it. */
export const times = (count: number, id: string) => Array<string>(count).fill(id);
