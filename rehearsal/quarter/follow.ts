/** What a quarter came to, counted from what the account shows; nothing here is told by the product. */
import type { Observation } from '../../simulator/observation.ts';

interface FollowedHost {
  image: string;
  readonly sinceSeconds: number;
  endedAtSeconds?: number;
}

interface FollowedTask {
  readonly group: string;
  readonly sinceSeconds: number;
  endedAtSeconds?: number;
}

/** EC2's states from which a host does not come back by itself. */
const ENDS: ReadonlySet<string> = new Set(['shutting-down', 'terminated', 'stopping', 'stopped']);

export class Follower {
  readonly hosts = new Map<string, FollowedHost>();
  readonly tasks = new Map<string, FollowedTask>();
  /** Forced deployments by service, seconds. */
  readonly forced: { readonly service: string; readonly atSeconds: number }[] = [];
  /** Kinds of what was told. */
  readonly told = new Map<string, number>();

  observe(observation: Observation, atSeconds: number): void {
    switch (observation.kind) {
      case 'host': {
        const { instanceId, image, state } = observation;
        const known = this.hosts.get(instanceId) ?? { image, sinceSeconds: atSeconds };
        if (ENDS.has(state)) known.endedAtSeconds ??= atSeconds;
        this.hosts.set(instanceId, known);
        return;
      }
      case 'task': {
        const { taskArn, group, lastStatus } = observation;
        const known = this.tasks.get(taskArn) ?? { group, sinceSeconds: atSeconds };
        if (lastStatus === 'STOPPED') known.endedAtSeconds ??= atSeconds;
        this.tasks.set(taskArn, known);
        return;
      }
      case 'call': {
        if (observation.operation !== 'ECS.UpdateService' || observation.answer !== 'ok') return;
        const { service = '', forceNewDeployment } = (observation.input ?? {}) as {
          service?: string;
          forceNewDeployment?: boolean;
        };
        if (forceNewDeployment) this.forced.push({ service, atSeconds });
        return;
      }
      case 'notification': {
        const kind = / ([a-z_-]+)$/.exec(observation.subject ?? '')?.[1] ?? 'other';
        this.told.set(kind, (this.told.get(kind) ?? 0) + 1);
        return;
      }
    }
  }

  /** Days that hosts ran something older after this image was there: until they ended, or until `endSeconds`. */
  hostDaysExposed(isOlder: (image: string) => boolean, fromSeconds: number, endSeconds: number): number {
    let seconds = 0;
    for (const host of this.hosts.values()) {
      const until = Math.min(host.endedAtSeconds ?? endSeconds, endSeconds);
      if (isOlder(host.image)) seconds += Math.max(0, until - Math.max(fromSeconds, host.sinceSeconds));
    }
    return seconds / 86_400;
  }

  /** Tasks of a service that were there at a moment. */
  tasksOf(service: string, atSeconds: number): FollowedTask[] {
    return [...this.tasks.values()].filter(
      ({ group, sinceSeconds, endedAtSeconds = Number.POSITIVE_INFINITY }) =>
        group === `service:${service}` && sinceSeconds <= atSeconds && endedAtSeconds > atSeconds,
    );
  }
}
