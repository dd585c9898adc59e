/** All records of ECS by their keys, and how callers' names find them. */
import type { Capture } from '../capture/capture.ts';
import { awsError } from '../kernel/aws-error.ts';
import { clusterName, idOf } from './arn.ts';
import type { ClusterRecord, HostRecord, ServiceRecord, TaskRecord } from './records.ts';
import { type Definition, readDefinition } from './task-definition.ts';

export class EcsState {
  readonly clusters = new Map<string, ClusterRecord>();
  readonly definitions = new Map<string, Definition>();
  /** By the last part of the ARN; INACTIVE ones too, while they can be described. */
  readonly hosts = new Map<string, HostRecord>();
  /** The latest record of an EC2 instance that is not INACTIVE. */
  readonly hostOfInstance = new Map<string, HostRecord>();
  readonly hostsOfGroup = new Map<string, Set<HostRecord>>();
  /** By the last part of the ARN. */
  readonly tasks = new Map<string, TaskRecord>();
  /** In the order in which they were made, so that a list's next page begins where the last one ended. */
  readonly listedTasks: TaskRecord[] = [];
  /** Forgotten ones too: what the account's truth answers. */
  readonly everyTask = new Map<string, TaskRecord>();
  /** Tasks that are not STOPPED. */
  readonly aliveTasks = new Set<TaskRecord>();
  readonly services = new Map<string, ServiceRecord>();
  #order = 0;

  constructor(capture: Capture) {
    for (const source of capture.ecs.clusters) {
      const name = source.clusterName ?? clusterName(source.clusterArn);
      this.clusters.set(name, {
        name,
        arn: source.clusterArn ?? name,
        source,
        hosts: new Set(),
        services: new Map(),
        provisioning: new Set(),
      });
    }
    for (const source of capture.ecs.taskDefinitions) {
      const definition = readDefinition(source);
      this.definitions.set(definition.arn, definition);
    }
  }

  addTask(task: TaskRecord): void {
    this.tasks.set(task.id, task);
    this.everyTask.set(task.id, task);
    this.listedTasks.push(task);
    if (task.lastStatus !== 'STOPPED') this.aliveTasks.add(task);
  }

  forgetTask(task: TaskRecord): void {
    this.tasks.delete(task.id);
    const at = this.indexAfter(task.order - 1);
    if (this.listedTasks[at] === task) this.listedTasks.splice(at, 1);
  }

  /** Where the tasks begin that were made after this one. */
  indexAfter(order: number): number {
    let [low, high] = [0, this.listedTasks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.listedTasks[middle] as TaskRecord).order <= order) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  nextOrder(): number {
    return this.#order++;
  }

  /** @throws ClusterNotFoundException as ECS does. */
  cluster(nameOrArn: string | undefined): ClusterRecord {
    const cluster = this.clusters.get(clusterName(nameOrArn));
    if (!cluster) throw awsError('ClusterNotFoundException', 'Cluster not found.');
    return cluster;
  }

  /** By ARN, `family:revision`, or `family` for its newest revision. */
  definition(name: string, isSeen: (definition: Definition) => boolean = () => true): Definition | undefined {
    const known = this.definitions.get(name);
    if (known) return isSeen(known) ? known : undefined;
    const wanted = idOf(name);
    let newest: Definition | undefined;
    for (const definition of this.definitions.values()) {
      if (!isSeen(definition)) continue;
      if (idOf(definition.arn) === wanted) return definition;
      if (definition.family !== wanted || definition.source.status === 'INACTIVE') continue;
      if (!newest || (definition.source.revision ?? 0) > (newest.source.revision ?? 0)) newest = definition;
    }
    return newest;
  }

  hostIn(cluster: ClusterRecord, idOrArn: string): HostRecord | undefined {
    const host = this.hosts.get(idOf(idOrArn));
    return host?.clusterRecord === cluster ? host : undefined;
  }

  taskIn(cluster: ClusterRecord, idOrArn: string): TaskRecord | undefined {
    const task = this.tasks.get(idOf(idOrArn));
    return task?.clusterRecord === cluster ? task : undefined;
  }

  serviceIn(cluster: ClusterRecord, nameOrArn: string): ServiceRecord | undefined {
    return cluster.services.get(idOf(nameOrArn));
  }

  /** By name or ARN in whichever cluster has it: for scripted faults, which name no cluster. */
  serviceNamed(nameOrArn: string): ServiceRecord | undefined {
    for (const cluster of this.clusters.values()) {
      const service = cluster.services.get(idOf(nameOrArn));
      if (service && (!nameOrArn.includes(':') || service.serviceArn === nameOrArn)) return service;
    }
    return undefined;
  }
}
