/** Services on Fargate as the redeploy decision sees them. */
import type { ECRClient } from '@aws-sdk/client-ecr';
import type { Container, Deployment, ECSClient, Service, Task } from '@aws-sdk/client-ecs';
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CodeToStart, FargateTask, ServiceNow } from '../../core/redeploy/facts.ts';
import { present, unique } from '../batches.ts';
import { checkDigests, digestReference, resolveTag } from '../container-images.ts';
import { readEachService } from '../services.ts';
import { readTargetHealth } from '../target-health.ts';
import { describeTaskDefinitions } from '../task-definitions.ts';
import { listTasks } from '../tasks.ts';
import { targetGroupsOf } from './services.ts';

export interface RedeployClients {
  readonly ecs: ECSClient;
  readonly ecr: ECRClient;
  readonly elb: ElasticLoadBalancingV2Client;
}

/** By service name; one that is not there (any more) has no entry. */
export async function readServicesNow(
  clients: RedeployClients,
  cluster: string,
  names: readonly string[],
  region: string,
  hasEventWindow: (serviceArn: string) => boolean,
): Promise<ReadonlyMap<string, ServiceNow>> {
  const read = (service: Service) => readService(clients, cluster, service, region, hasEventWindow);
  return readEachService(clients.ecs, cluster, names, read);
}

async function readService(
  clients: RedeployClients,
  cluster: string,
  service: Service,
  region: string,
  hasEventWindow: (serviceArn: string) => boolean,
): Promise<ServiceNow> {
  const [all, targets] = await Promise.all([
    listTasks(clients.ecs, cluster, { desiredStatus: 'RUNNING', serviceName: service.serviceName ?? '' }),
    readTargetHealth(clients.elb, targetGroupsOf(service)),
  ]);
  // A service may run on hosts and on Fargate by turns; notices mean those on Fargate.
  const tasks = all.filter((task) => task.containerInstanceArn === undefined);
  const healthy = [...targets.values()].map(
    (group) => group.filter(({ TargetHealth }) => TargetHealth?.State === 'healthy').length,
  );
  const providers = (service.capacityProviderStrategy ?? []).map(({ capacityProvider }) => capacityProvider);
  return {
    deploymentController: service.deploymentController?.type ?? 'ECS',
    deploymentStrategy: service.deploymentConfiguration?.strategy ?? 'ROLLING',
    desiredCount: service.desiredCount ?? 0,
    minimumHealthyPercent: service.deploymentConfiguration?.minimumHealthyPercent ?? 100,
    deployment: deploymentNow(service.deployments ?? []),
    deploymentsCount: (service.deployments ?? []).filter(({ status }) => status !== 'INACTIVE').length,
    tasks: tasks.map(taskNow),
    healthyTargets: healthy.length === 0 ? null : Math.min(...healthy),
    code: await codeToStart(clients, tasks, region),
    isSpotOnly: providers.length > 0 && providers.every((name) => name === 'FARGATE_SPOT'),
    hasEventWindow: hasEventWindow(service.serviceArn ?? ''),
  };
}

/** `rolloutState` is absent for other controllers and Classic Load Balancers (Amazon ECS API reference, Deployment). */
function deploymentNow(deployments: readonly Deployment[]): ServiceNow['deployment'] {
  const primary = deployments.find(({ status }) => status === 'PRIMARY') ?? deployments[0];
  return {
    id: primary?.id ?? '',
    rolloutState: primary?.rolloutState ?? 'COMPLETED',
    reason: primary?.rolloutStateReason ?? '',
  };
}

function taskNow(task: Task): FargateTask {
  return {
    taskArn: task.taskArn ?? '',
    createdAtMs: task.createdAt?.getTime() ?? 0,
    isRunning: task.lastStatus === 'RUNNING',
    isUnhealthy: task.healthStatus === 'UNHEALTHY',
  };
}

/**
 * What a forced deployment would start, which resolves every tag anew (Amazon ECS developer guide, deployment-type-ecs,
 * "Container image resolution"). The worst of the containers counts; without tasks there is nothing to compare with.
 */
export async function codeToStart(
  { ecs, ecr }: RedeployClients,
  tasks: readonly Task[],
  region: string,
): Promise<CodeToStart> {
  const definitions = await describeTaskDefinitions(
    ecs,
    present(unique(tasks.map((task) => task.taskDefinitionArn))),
  );
  // What AWS puts in beside them (Service Connect's proxy, GuardDuty's agent) is no code of the service.
  const own = new Set(
    definitions.flatMap(({ containerDefinitions = [] }) => containerDefinitions.map(({ name }) => name)),
  );
  const containers = new Map<string, Container>();
  for (const container of tasks.flatMap((task) => task.containers ?? []))
    if (own.has(container.name)) containers.set(`${container.image} ${container.imageDigest}`, container);
  const codes = await Promise.all([...containers.values()].map((one) => codeOf(ecr, one, region)));
  const worst = (['gone', 'moved', 'unreadable'] as const).flatMap(
    (is) => codes.find((code) => code.is === is) ?? [],
  );
  return worst[0] ?? { is: 'same' };
}

async function codeOf(
  ecr: ECRClient,
  { image = '', imageDigest }: Container,
  region: string,
): Promise<CodeToStart> {
  const reference = digestReference(image, imageDigest);
  if (reference === undefined) return { is: 'unreadable', image };
  const found = (await checkDigests(ecr, [reference], region))[reference];
  if (found === undefined) return { is: 'unreadable', image };
  if (found === 'missing') return { is: 'gone', image: reference };
  if (image.includes('@')) return { is: 'same' };
  const now = await resolveTag(ecr, image, region);
  if (now === undefined) return { is: 'unreadable', image };
  return now === reference.split('@')[1] ? { is: 'same' } : { is: 'moved', image };
}
