/** Tags of ECS's resources as callers list and change them. */
import type {
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  Tag,
  TagResourceRequest,
  UntagResourceRequest,
} from '@aws-sdk/client-ecs';
import { awsError, NotSimulated } from '../../kernel/aws-error.ts';
import type { Operation } from '../../world.ts';
import { clusterName, idOf } from '../arn.ts';
import type { Parts } from '../parts.ts';
import type { HostRecord } from '../records.ts';

/** Source: Amazon ECS API reference, TagResource and Tag. */
const TAGS_MAX = 50;
const KEY_CHARACTERS_MAX = 128;
const VALUE_CHARACTERS_MAX = 256;
const RESERVED = /^aws:/i;

export function tagOperations(parts: Parts): Readonly<Record<string, Operation>> {
  const { state, journal } = parts;

  function list(input: ListTagsForResourceRequest): ListTagsForResourceResponse {
    const tags = tagsOf(input.resourceArn ?? '');
    if (!tags) throw awsError('InvalidParameterException', 'The specified resource was not found.');
    return { tags: [...tags] };
  }

  /** "If existing tags on a resource aren't specified in the request parameters, they aren't changed." */
  function tag(input: TagResourceRequest): object {
    const host = hostToChange('TagResource', input.resourceArn);
    const added = input.tags ?? [];
    for (const each of added) check(each);
    const keys = new Set(added.map(({ key }) => key));
    if (keys.size < added.length)
      throw awsError('InvalidParameterException', 'Duplicate tag keys found. Tag keys must be unique.');
    const tags = [...host.tags.filter(({ key }) => !keys.has(key)), ...added];
    // AWS's own tags do not count.
    if (tags.filter(({ key }) => !RESERVED.test(key ?? '')).length > TAGS_MAX)
      throw awsError('InvalidParameterException', `The number of tags exceeds the limit of ${TAGS_MAX}.`);
    put(host, tags);
    return {};
  }

  /** A key that is not there changes nothing. */
  function untag(input: UntagResourceRequest): object {
    const host = hostToChange('UntagResource', input.resourceArn);
    const keys = new Set(input.tagKeys);
    for (const key of keys) checkKey(key);
    put(
      host,
      host.tags.filter(({ key }) => !keys.has(key ?? '')),
    );
    return {};
  }

  /** No cause of an event, so its version stays (developer guide, ecs_container_instance_events). */
  function put(host: HostRecord, tags: Tag[]): void {
    host.tags = tags;
    journal.touchHost(host, false);
  }

  function hostToChange(operation: string, arn: string | undefined): HostRecord {
    if (kindOf(arn ?? '') !== 'container-instance')
      throw new NotSimulated(`ECS.${operation} of ${arn}: only of container instances`);
    const host = state.hosts.get(idOf(arn ?? ''));
    if (host && host.status !== 'INACTIVE') return host;
    // "When a resource is deleted, the tags that are associated with that resource are deleted as well."
    throw parts.world.readings.tagOfGoneHostIsInvalid
      ? awsError(
          'InvalidParameterException',
          'The specified container instance is inactive. Specify an active one.',
        )
      : awsError('ResourceNotFoundException', 'The specified resource was not found.');
  }

  function tagsOf(arn: string): readonly Tag[] | undefined {
    switch (kindOf(arn)) {
      case 'cluster': {
        const cluster = state.clusters.get(clusterName(arn));
        return cluster && (cluster.source.tags ?? []);
      }
      case 'service': {
        const service = state.services.get(arn);
        return service && (service.source.tags ?? []);
      }
      case 'container-instance':
        return state.hosts.get(idOf(arn))?.tags;
      case 'task': {
        const task = state.tasks.get(idOf(arn));
        return task && (task.source.tags ?? []);
      }
      case 'capacity-provider': {
        const provider = parts.providers.find(arn);
        return provider && (provider.source.tags ?? []);
      }
      case 'task-definition':
        return state.definitions.has(arn) ? [] : undefined;
      default:
        return undefined;
    }
  }

  return { ListTagsForResource: list, TagResource: tag, UntagResource: untag };
}

function kindOf(arn: string): string | undefined {
  return /^arn:[^:]+:ecs:[^:]*:[^:]*:([^/]+)\//.exec(arn)?.[1];
}

function check({ key, value = '' }: Tag): void {
  checkKey(key ?? '');
  if (value.length > VALUE_CHARACTERS_MAX || !isAllowed(value) || RESERVED.test(value))
    throw awsError('InvalidParameterException', `The value of tag ${key} is invalid.`);
}

function checkKey(key: string): void {
  if (key === '' || key.length > KEY_CHARACTERS_MAX || !isAllowed(key) || RESERVED.test(key))
    throw awsError('InvalidParameterException', `The tag key ${key} is invalid.`);
}

/** Letters, numbers, spaces and `+ - = . _ : / @`. */
function isAllowed(text: string): boolean {
  return /^[\p{L}\p{N}\p{Z}+\-=._:/@]*$/u.test(text);
}
