/**
 * A service's new strategy, as UpdateService takes it.
 * Source: Amazon ECS API reference, UpdateService; developer guide, cluster-capacity-providers.
 */
import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import { awsError } from '../../kernel/aws-error.ts';
import type { Parts } from '../parts.ts';
import type { ServiceRecord } from '../records.ts';
import { checkStrategy, isFargateProvider } from './strategy.ts';

/**
 * An empty one means the cluster's default one. Fargate's tasks have no host to be chosen: theirs stays empty.
 *
 * @throws InvalidParameterException; "You can't update a service using an Auto Scaling group capacity provider to use a
 *   Fargate capacity provider. The opposite is also the case."
 */
export function newStrategy(
  { providers }: Parts,
  service: ServiceRecord,
  asked: readonly CapacityProviderStrategyItem[],
): readonly CapacityProviderStrategyItem[] {
  const { clusterRecord } = service;
  const strategy = asked.length > 0 ? asked : providers.defaultStrategyOf(clusterRecord);
  checkStrategy(strategy, providers.namesOf(clusterRecord));
  if (strategy.some(({ capacityProvider }) => isFargateProvider(capacityProvider) !== service.fargate))
    throw awsError(
      'InvalidParameterException',
      'A service cannot be updated from Auto Scaling group capacity providers to Fargate ones, or back.',
    );
  return service.fargate ? [] : strategy;
}
