/** Services: which there are, and what each says of itself. */
import {
  DescribeServicesCommand,
  type ECSClient,
  paginateListServices,
  type Service,
  type ServiceField,
} from '@aws-sdk/client-ecs';
import { perBatch } from './batches.ts';

/** AWS's limits per call (Amazon ECS API reference). */
const LIST_PAGE = 100;
const DESCRIBE_MAX = 10;

/** Every service of the cluster that is not INACTIVE, described. */
export async function listServices(
  ecs: ECSClient,
  cluster: string,
  include?: readonly ServiceField[],
): Promise<Service[]> {
  const arns: string[] = [];
  const pages = paginateListServices({ client: ecs, pageSize: LIST_PAGE }, { cluster });
  for await (const page of pages) arns.push(...(page.serviceArns ?? []));
  return describeServices(ecs, cluster, arns, include);
}

/** Describes services by name or ARN, ten a call; those that were deleted (MISSING, INACTIVE) are left out. */
export async function describeServices(
  ecs: ECSClient,
  cluster: string,
  names: readonly string[],
  include?: readonly ServiceField[],
): Promise<Service[]> {
  const found = await perBatch(names, DESCRIBE_MAX, async (services) => {
    const wanted = { cluster, services, ...(include && { include: [...include] }) };
    const answer = await ecs.send(new DescribeServicesCommand(wanted));
    const odd = answer.failures?.find((failure) => failure.reason !== 'MISSING');
    if (odd) throw new Error(`${odd.arn} cannot be described: ${odd.reason ?? odd.detail}`);
    return answer.services ?? [];
  });
  return found.filter((service) => service.status !== 'INACTIVE');
}

/** What is to be known of each of these services, by service name; one that is not there (any more) has no entry. */
export async function readEachService<T>(
  ecs: ECSClient,
  cluster: string,
  names: readonly string[],
  read: (service: Service) => Promise<T>,
  include?: readonly ServiceField[],
): Promise<ReadonlyMap<string, T>> {
  const services = await describeServices(ecs, cluster, names, include);
  return new Map(
    await Promise.all(
      services.map(async (service) => [service.serviceName ?? '', await read(service)] as const),
    ),
  );
}
