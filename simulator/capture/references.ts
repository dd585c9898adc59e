/** References inside a capture without which the account could not run, and ids that are not unique. */
import type { Capture } from './capture.ts';
import { clusterNameIn, familyRevision, groupNameIn, lastPart } from './names.ts';
import { jsonPath, type Problem } from './problems.ts';

/**
 * Checks what the schemas let through. `input` is the capture as it was read: an object that has a problem of its own is
 * still known by its id, so that one mistake is reported once; `placeOf` is an item's index in it.
 */
export function referenceProblems(
  capture: Capture,
  input: Record<string, unknown>,
  placeOf: (item: object) => number,
): Problem[] {
  const index = indexOf(input, placeOf);
  return [
    ...duplicates(input),
    ...serviceProblems(capture, index),
    ...taskProblems(capture, index),
    ...hostProblems(capture, index),
    ...groupProblems(capture, index),
    ...providerProblems(capture, index),
  ];
}

interface Index {
  has(list: keyof typeof IDS, id: string): boolean;
  readonly clusters: number;
  placeOf(item: object): number;
}

/** List → how its items are told apart. */
const IDS = {
  'ecs.clusters': (item: Item) => lastPart(textOf(item, 'clusterArn')),
  'ecs.capacityProviders': (item: Item) => textOf(item, 'name'),
  'ecs.services': (item: Item) => textOf(item, 'serviceArn'),
  'ecs.taskDefinitions': (item: Item) => familyRevision(textOf(item, 'taskDefinitionArn')),
  'ecs.containerInstances': (item: Item) => lastPart(textOf(item, 'containerInstanceArn')),
  'ecs.tasks': (item: Item) => lastPart(textOf(item, 'taskArn')),
  'autoScaling.autoScalingGroups': (item: Item) => textOf(item, 'AutoScalingGroupName'),
  'ec2.instances': (item: Item) => textOf(item, 'InstanceId'),
  'ec2.images': (item: Item) => textOf(item, 'ImageId'),
  'ec2.subnets': (item: Item) => textOf(item, 'SubnetId'),
  'ec2.launchTemplateVersions': (item: Item) =>
    `${textOf(item, 'LaunchTemplateId')} version ${String(item.VersionNumber ?? '')}`,
  // One parameter may be there as it is now and at a version or label, which AWS answers as Selector.
  'ssm.parameters': (item: Item) => `${textOf(item, 'Name')}${textOf(item, 'Selector')}`,
  'elasticLoadBalancingV2.targetGroups': (item: Item) => textOf(item, 'TargetGroupArn'),
} as const;

type Item = Readonly<Record<string, unknown>>;

function indexOf(input: Record<string, unknown>, placeOf: (item: object) => number): Index {
  const ids = new Map(
    Object.entries(IDS).map(([list, idOf]) => [
      list,
      new Set(itemsAt(input, list).map((item) => idOf(item))),
    ]),
  );
  return {
    has: (list, id) => ids.get(list)?.has(id) ?? false,
    clusters: ids.get('ecs.clusters')?.size ?? 0,
    placeOf,
  };
}

function* duplicates(input: Record<string, unknown>): Generator<Problem> {
  for (const [list, idOf] of Object.entries(IDS)) {
    const seen = new Map<string, number>();
    for (const [at, item] of itemsAt(input, list).entries()) {
      const id = idOf(item);
      const before = seen.get(id);
      if (id !== '' && before !== undefined)
        yield { path: `${list}[${at}]`, message: `${id} is already at ${list}[${before}]` };
      seen.set(id, at);
    }
  }
}

function* serviceProblems(capture: Capture, index: Index): Generator<Problem> {
  for (const service of capture.ecs.services) {
    const at = index.placeOf(service);
    const path = ['ecs', 'services', at];
    const arn = service.serviceArn ?? '';
    yield* clusterProblem(path, 'clusterArn', service.clusterArn ?? clusterNameIn(arn), index);
    const { taskDefinition, capacityProviderStrategy = [] } = service;
    if (taskDefinition !== undefined && !index.has('ecs.taskDefinitions', familyRevision(taskDefinition)))
      yield problem([...path, 'taskDefinition'], `${taskDefinition} is not in ecs.taskDefinitions`);
    if (taskDefinition === undefined && service.deploymentController?.type !== 'EXTERNAL')
      yield problem([...path, 'taskDefinition'], 'is missing');
    for (const [item, { capacityProvider }] of capacityProviderStrategy.entries()) {
      if (capacityProvider !== undefined && !isProvider(capacityProvider, index))
        yield problem(
          [...path, 'capacityProviderStrategy', item, 'capacityProvider'],
          `${capacityProvider} is not in ecs.capacityProviders`,
        );
    }
  }
}

function* taskProblems(capture: Capture, index: Index): Generator<Problem> {
  const services = new Set(capture.ecs.services.map((service) => service.serviceName));
  for (const task of capture.ecs.tasks) {
    const at = index.placeOf(task);
    // What is over stays listed for an hour; its host and task definition may be gone.
    if (task.lastStatus === 'STOPPED' || task.lastStatus === 'DELETED') continue;
    const path = ['ecs', 'tasks', at];
    yield* clusterProblem(path, 'clusterArn', task.clusterArn ?? clusterNameIn(task.taskArn ?? ''), index);
    const { containerInstanceArn, taskDefinitionArn, group } = task;
    if (containerInstanceArn && !index.has('ecs.containerInstances', lastPart(containerInstanceArn)))
      yield problem(
        [...path, 'containerInstanceArn'],
        `${containerInstanceArn} is not in ecs.containerInstances`,
      );
    if (taskDefinitionArn && !index.has('ecs.taskDefinitions', familyRevision(taskDefinitionArn)))
      yield problem([...path, 'taskDefinitionArn'], `${taskDefinitionArn} is not in ecs.taskDefinitions`);
    const serviceName = group?.startsWith('service:') ? group.slice('service:'.length) : undefined;
    if (serviceName !== undefined && !services.has(serviceName))
      yield problem([...path, 'group'], `${serviceName} is not in ecs.services`);
  }
}

function* hostProblems(capture: Capture, index: Index): Generator<Problem> {
  for (const host of capture.ecs.containerInstances) {
    const at = index.placeOf(host);
    if (host.status === 'INACTIVE') continue;
    const path = ['ecs', 'containerInstances', at];
    yield* clusterProblem(
      path,
      'containerInstanceArn',
      clusterNameIn(host.containerInstanceArn ?? ''),
      index,
    );
    const { ec2InstanceId } = host;
    // A ghost's EC2 instance is gone, and an external host (mi-…) never was one.
    if (host.agentConnected === false || ec2InstanceId?.startsWith('mi-')) continue;
    if (ec2InstanceId === undefined) yield problem([...path, 'ec2InstanceId'], 'is missing');
    else if (!index.has('ec2.instances', ec2InstanceId))
      yield problem([...path, 'ec2InstanceId'], `${ec2InstanceId} is not in ec2.instances`);
  }
}

function* groupProblems(capture: Capture, index: Index): Generator<Problem> {
  const memberOf = new Map<string, string>();
  for (const group of capture.autoScaling.autoScalingGroups) {
    const at = index.placeOf(group);
    const path = ['autoScaling', 'autoScalingGroups', at];
    for (const [item, { InstanceId = '' }] of (group.Instances ?? []).entries()) {
      const instancePath = [...path, 'Instances', item, 'InstanceId'];
      if (!index.has('ec2.instances', InstanceId))
        yield problem(instancePath, `${InstanceId} is not in ec2.instances`);
      const other = memberOf.get(InstanceId);
      if (other !== undefined) yield problem(instancePath, `${InstanceId} is already in ${other}`);
      memberOf.set(InstanceId, group.AutoScalingGroupName ?? '');
    }
    const { MinSize = 0, MaxSize = 0, DesiredCapacity = 0 } = group;
    if (MinSize > MaxSize) yield problem([...path, 'MinSize'], `${MinSize} is above MaxSize ${MaxSize}`);
    else if (DesiredCapacity < MinSize || DesiredCapacity > MaxSize)
      yield problem(
        [...path, 'DesiredCapacity'],
        `${DesiredCapacity} is not between MinSize ${MinSize} and MaxSize ${MaxSize}`,
      );
  }
}

function* providerProblems(capture: Capture, index: Index): Generator<Problem> {
  const used = new Set(capture.ecs.clusters.flatMap((cluster) => cluster.capacityProviders ?? []));
  for (const cluster of capture.ecs.clusters) {
    const at = index.placeOf(cluster);
    for (const [item, name] of (cluster.capacityProviders ?? []).entries()) {
      if (!isProvider(name, index))
        yield problem(
          ['ecs', 'clusters', at, 'capacityProviders', item],
          `${name} is not in ecs.capacityProviders`,
        );
    }
  }
  for (const provider of capture.ecs.capacityProviders) {
    const at = index.placeOf(provider);
    const arn = provider.autoScalingGroupProvider?.autoScalingGroupArn;
    if (arn === undefined || !used.has(provider.name ?? '')) continue;
    const isKnown = capture.autoScaling.autoScalingGroups.some(
      (group) => group.AutoScalingGroupARN === arn || group.AutoScalingGroupName === groupNameIn(arn),
    );
    if (!isKnown && !index.has('autoScaling.autoScalingGroups', groupNameIn(arn)))
      yield problem(
        ['ecs', 'capacityProviders', at, 'autoScalingGroupProvider', 'autoScalingGroupArn'],
        `${arn} is not in autoScaling.autoScalingGroups`,
      );
  }
}

/** Fargate's providers exist without being described. */
function isProvider(name: string, index: Index): boolean {
  return name === 'FARGATE' || name === 'FARGATE_SPOT' || index.has('ecs.capacityProviders', lastPart(name));
}

/** A cluster by ARN or name; unnamed (old ARN formats) it can only be meant when there is one. */
function* clusterProblem(
  path: readonly PropertyKey[],
  field: string,
  cluster: string | undefined,
  index: Index,
): Generator<Problem> {
  if (cluster === undefined) {
    if (index.clusters !== 1) yield problem([...path, field], 'does not say which cluster it belongs to');
  } else if (!index.has('ecs.clusters', lastPart(cluster)))
    yield problem([...path, field], `${cluster} is not in ecs.clusters`);
}

function problem(path: readonly PropertyKey[], message: string): Problem {
  return { path: jsonPath(path), message };
}

function itemsAt(input: Record<string, unknown>, list: string): Item[] {
  const [section = '', name = ''] = list.split('.');
  const items = (input[section] as Record<string, unknown> | undefined)?.[name];
  if (!Array.isArray(items)) return [];
  return items.map((item) => (typeof item === 'object' && item !== null ? (item as Item) : {}));
}

function textOf(item: Item, key: string): string {
  const value = item[key];
  return typeof value === 'string' ? value : '';
}
