/**
 * What an AWS call touches, read from its input: which operations change something, and whose. Reads touch nothing.
 */
import type { CallObservation } from '../../simulator/observation.ts';
import { type Chronicle, nameOf } from './chronicle.ts';

/** Resources that a call changes, by kind. */
export interface Touched {
  readonly clusters: readonly string[];
  readonly groups: readonly string[];
  readonly instanceIds: readonly string[];
  /** Ids or names. */
  readonly launchTemplates: readonly string[];
  readonly services: readonly string[];
}

type Input = Readonly<Record<string, unknown>>;

/** The product's own records and messages: nothing of the user's estate. */
const OWN_SERVICES = new Set(['DynamoDB', 'EventBridge', 'SNS', 'SFN', 'CloudWatch', 'Lambda']);
const READS = /^(Describe|List|Get|BatchGet|Search|Query|Scan|Discover)/;

export function serviceOf(operation: string): string {
  return operation.slice(0, operation.indexOf('.'));
}

export function actionOf(operation: string): string {
  return operation.slice(operation.indexOf('.') + 1);
}

/** The call changes something of the user's. */
export function isMutating(operation: string): boolean {
  return !OWN_SERVICES.has(serviceOf(operation)) && !READS.test(actionOf(operation));
}

/** The call writes to the ledger. */
export function isLedgerWrite(operation: string): boolean {
  return serviceOf(operation) === 'DynamoDB' && !READS.test(actionOf(operation));
}

export function inputOf(call: CallObservation): Input {
  return typeof call.input === 'object' && call.input !== null ? (call.input as Input) : {};
}

export function touchedBy(call: CallObservation, chronicle: Chronicle): Touched {
  const input = inputOf(call);
  const instanceIds = new Set([
    ...texts(input.InstanceId),
    ...texts(input.InstanceIds),
    ...texts(input.Resources).filter((id) => id.startsWith('i-')),
  ]);
  for (const reference of [
    ...texts(input.containerInstance),
    ...texts(input.containerInstances),
    ...texts(input.resourceArn).filter((arn) => arn.includes(':container-instance/')),
  ]) {
    const host = chronicle.hostOfContainerInstance(reference);
    if (host) instanceIds.add(host.instanceId);
  }
  for (const task of texts(input.task)) {
    const host = taskNamed(chronicle, task)?.host;
    if (host) instanceIds.add(host.instanceId);
  }
  const groups = new Set(texts(input.AutoScalingGroupName));
  for (const tag of records(input.Tags)) {
    if (tag.ResourceType === 'auto-scaling-group') for (const id of texts(tag.ResourceId)) groups.add(id);
  }
  for (const instanceId of instanceIds) {
    const group = chronicle.hosts.get(instanceId)?.group;
    if (group) groups.add(group);
  }
  return {
    clusters: texts(input.cluster).map(nameOf),
    groups: [...groups],
    instanceIds: [...instanceIds],
    launchTemplates: [...texts(input.LaunchTemplateId), ...texts(input.LaunchTemplateName)],
    services: texts(input.service).map(nameOf),
  };
}

export function taskNamed(chronicle: Chronicle, arnOrId: string) {
  const direct = chronicle.tasks.get(arnOrId);
  if (direct) return direct;
  for (const task of chronicle.tasks.values()) if (nameOf(task.taskArn) === nameOf(arnOrId)) return task;
  return undefined;
}

export function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

function records(value: unknown): Input[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : [];
}
