/**
 * Hours in which Fargate may retire tasks, where the account has asked for them: EC2 event windows, associated by the tags
 * that ECS gives its tasks. Source: Amazon ECS developer guide, prepare-task-retirement.
 */
import {
  type EC2Client,
  type InstanceEventWindow,
  paginateDescribeInstanceEventWindows,
} from '@aws-sdk/client-ec2';
import type { ECSClient } from '@aws-sdk/client-ecs';
import { readAccountSetting } from './account-settings.ts';

/** Says of a service whether an event window is configured for its tasks. */
export async function readEventWindows(
  clients: { readonly ecs: ECSClient; readonly ec2: EC2Client },
  clusterArn: string,
): Promise<(serviceArn: string) => boolean> {
  if ((await readAccountSetting(clients.ecs, 'fargateEventWindows')) !== 'enabled') return () => false;
  const tags = (await listEventWindows(clients.ec2))
    .filter(({ State }) => State === undefined || State === 'active' || State === 'creating')
    .flatMap(({ AssociationTarget }) => AssociationTarget?.Tags ?? []);
  const has = (key: string, value: string) => tags.some(({ Key, Value }) => Key === key && Value === value);
  const ofAll = has('aws:ecs:fargateTask', 'true') || has('aws:ecs:clusterArn', clusterArn);
  return (serviceArn) => ofAll || has('aws:ecs:serviceArn', serviceArn);
}

/** Every event window of the Region. */
export async function listEventWindows(ec2: EC2Client): Promise<InstanceEventWindow[]> {
  const windows: InstanceEventWindow[] = [];
  for await (const page of paginateDescribeInstanceEventWindows({ client: ec2 }, {}))
    windows.push(...(page.InstanceEventWindows ?? []));
  return windows;
}
