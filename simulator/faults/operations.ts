/** Names of services and operations as a scenario writes them. */
import type { ServiceName } from '../world.ts';

/** How people and AWS's own tools also call a service, lower case. */
const ALIASES: Readonly<Record<string, ServiceName>> = {
  elasticloadbalancing: 'ElasticLoadBalancingV2',
  elbv2: 'ElasticLoadBalancingV2',
  elb: 'ElasticLoadBalancingV2',
  asg: 'AutoScaling',
  stepfunctions: 'SFN',
  states: 'SFN',
  events: 'EventBridge',
  'application-autoscaling': 'ApplicationAutoScaling',
};

/** `Lambda` has no client in the account, but `Lambda.Invoke` may fail. */
const SERVICES: readonly (ServiceName | 'Lambda')[] = [
  'ECS',
  'EC2',
  'AutoScaling',
  'ElasticLoadBalancingV2',
  'SSM',
  'DynamoDB',
  'EventBridge',
  'SNS',
  'SFN',
  'CloudWatch',
  'ECR',
  'ImageBuilder',
  'ServiceQuotas',
  'ApplicationAutoScaling',
  'Lambda',
];

const BY_LOWER_CASE: ReadonlyMap<string, string> = new Map([
  ...SERVICES.map((service) => [service.toLowerCase(), service] as const),
  ...Object.entries(ALIASES),
]);

/** The account's name of a service; a name that it does not know stays as it is and never matches. */
export function serviceNamed(name: string): string {
  return BY_LOWER_CASE.get(name.toLowerCase()) ?? name;
}

/** A test for `ECS.DescribeTasks` or `ECS.*`. */
export function operationMatcher(pattern: string): (operation: string) => boolean {
  const dot = pattern.indexOf('.');
  const service = serviceNamed(pattern.slice(0, dot));
  const action = pattern.slice(dot + 1);
  if (action === '*') return (operation) => operation.startsWith(`${service}.`);
  const wanted = `${service}.${action}`;
  return (operation) => operation === wanted;
}
