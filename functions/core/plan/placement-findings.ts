/** Who would get stuck: every task of every outdated host is placed on the model of the new hosts. */
import type { HostFacts, TaskFacts } from '../facts.ts';
import { constraintMisfit, type Demand, demandOf, type Misfit, Room, resourceMisfit } from '../placement.ts';
import type { Finding } from '../plan.ts';
import type { PlanContext } from './context.ts';
import { type NewHost, withDaemons } from './new-hosts.ts';

/** An outdated host with the one that would replace it; undefined where nobody knows what its type offers. */
export interface Replacement {
  readonly host: HostFacts;
  readonly newHost: NewHost | undefined;
}

interface Placeable {
  readonly task: TaskFacts;
  readonly demand: Demand;
}

/** Findings on tasks that no new host takes, or that do not fit there together. Each keeps its host out. */
export function placementFindings(replacements: readonly Replacement[], context: PlanContext): Finding[] {
  const models = replacements.flatMap(({ newHost }) =>
    newHost === undefined ? [] : [withDaemons(newHost, context)],
  );
  const kinds = [...new Map(models.map((model) => [kindOf(model), model])).values()];
  const demands = demandCache(context);
  const neighbours = new Set(context.facts.tasks.map(groupOf));
  const fitsNowhere = new Map<Demand, Misfit | undefined>();
  const findings: Finding[] = [];
  const movable: Placeable[] = [];

  for (const { host, newHost } of replacements) {
    const told = new Set<Demand>();
    for (const task of context.tasksByHost.get(host.instanceId) ?? []) {
      if (task.taskClass !== 'replica') continue;
      const demand = demands(task);
      if (demand === undefined || newHost === undefined) continue;
      if (!fitsNowhere.has(demand))
        fitsNowhere.set(demand, misfitEverywhere(demand, kinds, withDaemons(newHost, context), neighbours));
      const misfit = fitsNowhere.get(demand);
      if (misfit === undefined) movable.push({ task, demand });
      else if (!told.has(demand)) {
        told.add(demand);
        findings.push(stuckFinding(host, task, newHost, misfit));
      }
    }
  }
  return [
    ...findings,
    ...togetherFindings(models, movable, new Set(findings.map(({ instanceId }) => instanceId))),
  ];
}

/** The misfit with the likeliest new host when not one kind of new host takes the task even when empty. */
function misfitEverywhere(
  demand: Demand,
  kinds: readonly NewHost[],
  likeliest: NewHost,
  neighbours: ReadonlySet<string>,
): Misfit | undefined {
  // Whether a neighbour that an expression asks for will be there is open: it fits if it fits with or without.
  const misfit = (host: NewHost) =>
    (constraintMisfit(demand, { ...host, taskGroups: new Set<string>() }) &&
      constraintMisfit(demand, { ...host, taskGroups: neighbours })) ??
    resourceMisfit(demand, host);
  if (kinds.some((kind) => misfit(kind) === undefined)) return undefined;
  return misfit(likeliest);
}

/** Hosts of the same shape take what stood on the old ones, host by host; only changed shapes need a try. */
function togetherFindings(
  models: readonly NewHost[],
  movable: readonly Placeable[],
  stuckHosts: ReadonlySet<string | undefined>,
): Finding[] {
  if (models.every(({ sameShape }) => sameShape)) return [];
  const room = new Room(models);
  const largestFirst = movable
    .filter(({ task }) => !stuckHosts.has(task.instanceId))
    .sort(
      (a, b) =>
        b.demand.needs.memoryMiB + 2 * b.demand.needs.cpu - a.demand.needs.memoryMiB - 2 * a.demand.needs.cpu,
    );
  const homeless = largestFirst.filter(({ demand }) => room.place(demand) > 0);
  const byHost = new Map(homeless.map(({ task }) => [task.instanceId, task]));
  return [...byHost.values()].map((task) => ({
    severity: 'blocks',
    scope: 'host',
    code: 'no-room',
    ...(task.instanceId !== undefined && { instanceId: task.instanceId }),
    ...(task.serviceName !== undefined && { service: task.serviceName }),
    field: 'LaunchTemplateData.InstanceType',
    message: `${models.length} new hosts of the types that the template names now do not hold all tasks: one of ${task.serviceName ?? task.taskArn} finds no room`,
    remedy: 'use larger instance types, or raise the desired capacity first',
  }));
}

function stuckFinding(host: HostFacts, task: TaskFacts, newHost: NewHost, misfit: Misfit): Finding {
  const who = task.serviceName ?? task.taskArn;
  const what = newHost.instanceType === undefined ? 'a new host' : `a new ${newHost.instanceType}`;
  return {
    severity: 'blocks',
    scope: 'host',
    code: `no-room-${misfit.code}`,
    instanceId: host.instanceId,
    ...(host.autoScalingGroupName !== undefined && { autoScalingGroupName: host.autoScalingGroupName }),
    ...(task.serviceName !== undefined && { service: task.serviceName }),
    field: misfit.field,
    message: `${who} on ${host.instanceId} fits on no new host: on ${what} with its daemons, ${misfit.message}`,
    remedy: REMEDY[misfit.code],
  };
}

const REMEDY: Readonly<Record<Misfit['code'], string>> = {
  cpu: "lower the task's cpu, or use a larger instance type",
  memory: "lower the task's memory, or use a larger instance type",
  gpu: 'use an instance type with enough GPUs',
  port: 'free the host port, which a daemon or the agent takes, or use dynamic ports',
  eni: 'use an instance type with more network interfaces, or turn on awsvpcTrunking',
  attribute: 'let the user data of the launch template set the attribute (ECS_INSTANCE_ATTRIBUTES)',
  constraint: 'change the constraint so that a new host satisfies it; it must not name an image or one host',
  distinct: 'lower the desired count, or add a host',
  provider: 'attach a group of that capacity provider, or change the strategy of the service',
  zone: 'add a subnet of the zone of the hosts to the service',
};

/** One demand per service and task definition. */
function demandCache(context: PlanContext): (task: TaskFacts) => Demand | undefined {
  const cache = new Map<string, Demand | undefined>();
  return ({ serviceName, taskDefinitionArn }) => {
    const key = `${serviceName} ${taskDefinitionArn}`;
    if (!cache.has(key)) {
      const definition = context.definitions.get(taskDefinitionArn);
      const service = serviceName === undefined ? undefined : context.services.get(serviceName);
      cache.set(key, definition && demandOf(service, definition, context.facts.subnetZones));
    }
    return cache.get(key);
  };
}

/** A task's `group`, as expressions name it: `service:NAME`, or `family:NAME` of its task definition. */
function groupOf({ serviceName, taskDefinitionArn }: TaskFacts): string {
  if (serviceName !== undefined) return `service:${serviceName}`;
  return `family:${taskDefinitionArn.slice(taskDefinitionArn.lastIndexOf('/') + 1).replace(/:\d+$/, '')}`;
}

/** Hosts of one kind are the same to placement. */
function kindOf(host: NewHost): string {
  const attributes = Object.entries(host.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([host.autoScalingGroupName, host.zone, host.instanceType, host.free, attributes]);
}
