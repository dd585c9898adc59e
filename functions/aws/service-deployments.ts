/** New deployments of a service as it is. */
import { type ECSClient, UpdateServiceCommand } from '@aws-sdk/client-ecs';

/**
 * Has ECS replace every task of the service by one of the same definition. Nothing else of the service is named, so nothing
 * else of it changes. Source: Amazon ECS API reference, UpdateService.
 */
export async function forceNewDeployment(ecs: ECSClient, cluster: string, service: string): Promise<void> {
  await ecs.send(new UpdateServiceCommand({ cluster, service, forceNewDeployment: true }));
}
