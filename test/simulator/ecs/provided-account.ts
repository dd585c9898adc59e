/** An account whose hosts belong to capacity providers, and what tests ask of it. */
import type { AutoScalingGroupProvider, CapacityProviderStrategyItem, Task } from '@aws-sdk/client-ecs';
import { type FakeAccount, fakeAccount } from './fake-account.ts';
import type { AccountSpec, HostSpec, ServiceSpec } from './fake-capture.ts';

export interface ProvidedSpec extends AccountSpec {
  /** Settings by name; each provider's group has its name. */
  readonly providers: Readonly<Record<string, Partial<AutoScalingGroupProvider>>>;
  readonly defaultStrategy?: CapacityProviderStrategyItem[];
}

export const SCALED = { managedScaling: { status: 'ENABLED' } } as const;
export const PLAIN = { managedScaling: { status: 'DISABLED' } } as const;
export const MINUTE = 60;

export type ProvidedAccount = ReturnType<typeof providedAccount>;

export function providedAccount({ providers, defaultStrategy, ...spec }: ProvidedSpec) {
  const account: FakeAccount = fakeAccount({
    ...spec,
    change: (capture) => {
      const [cluster] = capture.ecs.clusters;
      if (cluster)
        Object.assign(cluster, {
          capacityProviders: Object.keys(providers),
          ...(defaultStrategy && { defaultCapacityProviderStrategy: defaultStrategy }),
        });
      for (const [name, settings] of Object.entries(providers))
        capture.ecs.capacityProviders.push({
          name,
          autoScalingGroupProvider: { autoScalingGroupArn: name, ...settings },
        });
      spec.change?.(capture);
    },
  });
  const providerOf = (taskArn: string) =>
    account.call<{ tasks: Task[] }>('DescribeTasks', { tasks: [taskArn] }).tasks[0]?.capacityProviderName;
  return {
    ...account,
    providerOf,
    /** How many tasks of `web` each provider has. */
    perProvider: () => {
      const byProvider = Map.groupBy(account.tasksOf('web'), (task) => providerOf(task.taskArn));
      return Object.fromEntries([...byProvider].map(([name, tasks]) => [name, tasks.length]));
    },
    /** Tasks that wait in PROVISIONING. */
    waiting: () => account.ecs.tasks().filter(({ lastStatus }) => lastStatus === 'PROVISIONING'),
    /** What `web` says, newest first. */
    messages: () =>
      account
        .call<{ services: { events: { message: string }[] }[] }>('DescribeServices', { services: ['web'] })
        .services[0]?.events.map(({ message }) => message) ?? [],
    /** CapacityProviderReservation of the provider `one`, minute by minute. */
    reservations: () =>
      account.metrics.flatMap(([namespace, metric, { CapacityProviderName }, value]) =>
        namespace === 'AWS/ECS/ManagedScaling' &&
        metric === 'CapacityProviderReservation' &&
        CapacityProviderName === 'one'
          ? [value]
          : [],
      ),
    /** The sizes that managed scaling gave its groups, in order. */
    desired: () => account.desiredCapacities.map((change) => change.desired),
  };
}

/** `i-one-0`, `i-one-1` … in the provider's group. */
export function hostsOf(provider: string, count: number, more: Partial<HostSpec> = {}): HostSpec[] {
  return Array.from({ length: count }, (_, at) => ({
    id: `i-${provider}-${at}`,
    provider,
    group: provider,
    ...more,
  }));
}

/** The service `web`, for the provider `one` unless said. */
export function service(desired: number, more: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name: 'web',
    desired,
    on: [],
    capacityProviderStrategy: [{ capacityProvider: 'one', weight: 1 }],
    ...more,
  };
}
