/** The targets of a task in its service's target groups. */
import type { Capture } from '../capture/capture.ts';
import type { RandomStream } from '../kernel/random.ts';
import type { TaskRecord } from './records.ts';

/** A target that a task has in a load balancer. */
export interface TaskTarget {
  readonly targetGroupArn: string;
  readonly id: string;
  readonly port: number;
}

/** Dynamic host ports of Docker on Linux. Source: Amazon ECS API reference, PortMapping.hostPort. */
const EPHEMERAL_PORTS = [32_768, 60_999] as const;

/** Gives a new task its containers with ports and address: known once the agent has started them. */
export function bindPorts(task: TaskRecord, random: RandomStream, nextAddress: () => string): void {
  const { definition } = task;
  if (definition.needs.eni) task.address ??= nextAddress();
  const definitions = definition.source.containerDefinitions ?? [];
  task.containers = task.containers.map((container) => {
    const mappings = definitions.find(({ name }) => name === container.name)?.portMappings ?? [];
    if (definition.needs.eni)
      return {
        ...container,
        networkInterfaces: [{ attachmentId: task.id, privateIpv4Address: task.address }],
      };
    return {
      ...container,
      networkBindings: mappings.map((mapping) => ({
        bindIP: '0.0.0.0',
        containerPort: mapping.containerPort,
        hostPort:
          definition.networkMode === 'host'
            ? (mapping.hostPort ?? mapping.containerPort)
            : mapping.hostPort || random.integer(...EPHEMERAL_PORTS),
        protocol: mapping.protocol ?? 'tcp',
      })),
    };
  });
}

/** Where the service's load balancers would reach this task. */
export function targetsOf(task: TaskRecord): TaskTarget[] {
  const targets: TaskTarget[] = [];
  for (const balancer of task.service?.source.loadBalancers ?? []) {
    if (!balancer.targetGroupArn || balancer.containerPort === undefined) continue;
    if (task.definition.needs.eni || task.fargate) {
      if (task.address)
        targets.push({
          targetGroupArn: balancer.targetGroupArn,
          id: task.address,
          port: balancer.containerPort,
        });
      continue;
    }
    const container = task.containers.find(({ name }) => name === balancer.containerName);
    const binding = container?.networkBindings?.find(
      ({ containerPort }) => containerPort === balancer.containerPort,
    );
    const port =
      binding?.hostPort ?? (task.definition.networkMode === 'host' ? balancer.containerPort : undefined);
    if (port !== undefined && task.instanceId !== null)
      targets.push({ targetGroupArn: balancer.targetGroupArn, id: task.instanceId, port });
  }
  return targets;
}

/** Targets as captured, handed out once each to tasks whose own binding the capture does not tell. */
export class CapturedTargets {
  readonly #ports = new Map<string, number[]>();

  constructor(capture: Capture) {
    for (const group of capture.elasticLoadBalancingV2.targetHealth)
      for (const { Target, TargetHealth } of group.TargetHealthDescriptions) {
        if (!Target?.Id || Target.Port === undefined || TargetHealth?.State === 'draining') continue;
        const key = `${group.TargetGroupArn}|${Target.Id}`;
        const ports = this.#ports.get(key);
        if (ports) ports.push(Target.Port);
        else this.#ports.set(key, [Target.Port]);
      }
  }

  /** The captured target with this port is spoken for. */
  claim(target: TaskTarget): void {
    const ports = this.#ports.get(`${target.targetGroupArn}|${target.id}`);
    const at = ports?.indexOf(target.port) ?? -1;
    if (at >= 0) ports?.splice(at, 1);
  }

  /** Some port of this host in this group that no task has claimed. */
  take(targetGroupArn: string, id: string): number | undefined {
    return this.#ports.get(`${targetGroupArn}|${id}`)?.shift();
  }
}
