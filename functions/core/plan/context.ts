/** What every part of planning looks at, with the look-ups they share. */
import type {
  Facts,
  GroupFacts,
  HostFacts,
  ImageFacts,
  InstanceTypeFacts,
  ServiceFacts,
  TaskDefinitionFacts,
  TaskFacts,
} from '../facts.ts';
import { type Settings, settingsFor } from '../settings.ts';
import type { PlanFacts } from './plan-facts.ts';

/** What a plan needs of the request. */
export interface PlanRequest {
  readonly mode?: string | undefined;
  readonly reason?: string | undefined;
  /** Image source for every group in scope. */
  readonly image?: string | undefined;
  /** Exactly these hosts, whatever their image. */
  readonly instances?: readonly string[] | undefined;
}

export interface PlanContext {
  readonly facts: Facts;
  readonly planFacts: PlanFacts;
  readonly settings: Settings;
  readonly request: PlanRequest;
  readonly nowMs: number;
  readonly groups: ReadonlyMap<string, GroupFacts>;
  readonly services: ReadonlyMap<string, ServiceFacts>;
  readonly definitions: ReadonlyMap<string, TaskDefinitionFacts>;
  readonly images: ReadonlyMap<string, ImageFacts>;
  readonly instanceTypes: ReadonlyMap<string, InstanceTypeFacts>;
  /** Tasks that ECS wants to run, by host. */
  readonly tasksByHost: ReadonlyMap<string, readonly TaskFacts[]>;
  readonly hostsByGroup: ReadonlyMap<string, readonly HostFacts[]>;
}

export function planContext(
  facts: Facts,
  planFacts: PlanFacts,
  settings: Settings,
  request: PlanRequest,
  nowMs: number,
): PlanContext {
  const wanted = facts.tasks.filter(
    (task) => task.desiredStatus === 'RUNNING' && task.lastStatus !== 'STOPPED',
  );
  return {
    facts,
    planFacts,
    settings,
    request,
    nowMs,
    groups: new Map(facts.groups.map((group) => [group.autoScalingGroupName, group])),
    services: new Map(facts.services.map((service) => [service.serviceName, service])),
    definitions: new Map(
      facts.taskDefinitions.map((definition) => [definition.taskDefinitionArn, definition]),
    ),
    images: new Map(planFacts.images.map((image) => [image.imageId, image])),
    instanceTypes: new Map(planFacts.instanceTypes.map((type) => [type.instanceType, type])),
    tasksByHost: Map.groupBy(wanted.filter(hasHost), (task) => task.instanceId),
    hostsByGroup: Map.groupBy(facts.hosts.filter(hasGroup), (host) => host.autoScalingGroupName),
  };
}

/** The settings in force for a group. */
export function groupSettings(context: PlanContext, autoScalingGroupName: string): Settings {
  return settingsFor(context.settings, autoScalingGroupName);
}

function hasHost(task: TaskFacts): task is TaskFacts & { instanceId: string } {
  return task.instanceId !== undefined;
}

function hasGroup(host: HostFacts): host is HostFacts & { autoScalingGroupName: string } {
  return host.autoScalingGroupName !== undefined;
}
