/**
 * A capture with pseudonyms in place of all that tells whose it is: names, ids, ARNs, account numbers, addresses, images,
 * tags. Structure, numbers, times, Region, zones, instance types and AWS's own words stay, so that it rehearses as before.
 * Text that `redact-fields.ts` does not know is left out. Pure.
 */
import { readImageSource } from '../../functions/core/images/source.ts';
import { settingsFromTags, TAG_PREFIX } from '../../functions/edge/settings-tags.ts';
import { clusterInUserData } from '../../simulator/ecs/user-data.ts';
import { type Kind, kindOf, Pseudonyms } from './pseudonyms.ts';
import {
  EVERY_HOST,
  type ExpressionWorld,
  isAwsAttribute,
  redactedExpression,
} from './redact-expressions.ts';
import {
  AWS_NAMES,
  KEPT,
  MARKS,
  NAMED,
  NAMING_SETTINGS,
  OWN_TEXT,
  REFERRING,
  RESOURCE_WORDS,
  WORD,
} from './redact-fields.ts';

type Json = Readonly<Record<string, unknown>>;

/** `capture`: as JSON. */
export function redacted(capture: Json): Json {
  const pseudonyms = new Pseudonyms();
  const known = knownNames(capture);
  const world = expressionWorld(capture);
  const first = new Redaction(
    (kind, original) => {
      pseudonyms.collect(kind, original);
      return original;
    },
    known,
    world,
  );
  first.object(capture, '');
  const second = new Redaction((kind, original) => pseudonyms.pseudonymOf(kind, original), known, world);
  return second.object(capture, '') as Json;
}

const TIME = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2}))?$/;
const RESOLVED = 'resolve:ssm:';
const REGISTRY = /^(\d{12})(\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?)\/(.+)$/;

class Redaction {
  readonly #put: (kind: Kind, original: string) => string;
  readonly #known: ReadonlySet<string>;
  readonly #world: Pick<ExpressionWorld, 'values' | 'taskGroups'>;

  constructor(
    put: (kind: Kind, original: string) => string,
    known: ReadonlySet<string>,
    world: Pick<ExpressionWorld, 'values' | 'taskGroups'>,
  ) {
    this.#put = put;
    this.#known = known;
    this.#world = world;
  }

  object(item: Json, parent: string): Json {
    const kept: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(item)) {
      const found = this.#value(value, key, parent, item);
      if (found !== undefined) kept[key] = found;
    }
    return kept;
  }

  #value(value: unknown, key: string, parent: string, owner: Json): unknown {
    if (typeof value === 'string') return this.#text(value, key, parent, owner);
    if (Array.isArray(value)) {
      if (isTags(key)) return value.flatMap((tag: Json) => this.#tag(tag));
      if (key === 'command') return value.includes('NONE') ? ['NONE'] : ['CMD-SHELL', 'exit 0'];
      return value
        .map((one: unknown) => this.#value(one, key, parent, owner))
        .filter((one) => one !== undefined);
    }
    if (typeof value === 'object' && value !== null) return this.object(value as Json, key);
    return value;
  }

  #text(text: string, key: string, parent: string, owner: Json): string | undefined {
    const path = `${parent}.${key}`;
    const is = (fields: ReadonlySet<string>) => fields.has(path) || fields.has(key);
    if (parent === '' && key === 'region') return text;
    if (key === 'expression') return this.#expression(text);
    if (key === 'field') return this.#placementField(text);
    if (key === 'group') return this.#taskGroup(text);
    if (key === 'UserData') return this.#userData(text);
    if (key === 'image') return this.#containerImage(text);
    if (key === 'ImageId') return this.#imageReference(text);
    if (path === 'parameters.Name') return this.#name(text);
    if (path === 'parameters.Value') return this.#parameterValue(text);
    if (path === 'parameters.Selector')
      return /^:?\d+$/.test(text) ? text : `:${this.#name(text.replace(/^:/, ''))}`;
    if (/^(?:attributes|requiresAttributes)\./.test(path)) return this.#attribute(text, key, owner);
    if (path === 'details.value')
      return /^(?:subnetId|networkInterfaceId|privateIPv4Address)$/.test(String(owner.name))
        ? this.#reference(text)
        : undefined;
    if (parent === 'Attributes')
      return key === 'Key' ? text : /^(?:\d+|true|false)$/.test(text) ? text : undefined;
    if (key === 'stringSetValue') return /^\d+$/.test(text) ? text : this.#name(text);
    if (key === 'sourcePath') return `/${this.#name(text)}`;
    if (/^(?:MetricName|Namespace)$/.test(key))
      return String(owner.Namespace).startsWith('AWS/') ? text : this.#name(text);
    if (parent === 'Dimensions')
      return key === 'Name' && /^[A-Z][A-Za-z]+$/.test(text) && !this.#known.has(text)
        ? text
        : this.#reference(text);
    if (key === 'TerminationPolicies' && text.startsWith('arn:')) return this.#reference(text);
    if (is(NAMED)) return this.#name(text);
    if (is(REFERRING))
      return text
        .split(',')
        .map((one) => this.#reference(one.trim()))
        .join(',');
    if (is(KEPT) && WORD.test(text)) return text;
    return TIME.test(text) ? text : undefined;
  }

  #name(text: string): string {
    if (text === '' || AWS_NAMES.test(text)) return text;
    return this.#put('name', text);
  }

  /** An ARN, an id by its looks, or a name. */
  #reference(text: string): string {
    if (text.startsWith('arn:')) return this.#arn(text);
    const [, family, revision] = /^([^:/]+):(\d+)$/.exec(text) ?? [];
    if (family !== undefined) return `${this.#name(family)}:${revision}`;
    if (!this.#known.has(text) && text.includes('/')) return this.#path(text);
    return this.#token(text);
  }

  #token(text: string): string {
    if (text === '') return text;
    const kind = this.#known.has(text) ? undefined : kindOf(text);
    return kind === undefined ? this.#name(text) : this.#put(kind, text);
  }

  #arn(text: string): string {
    const [arn, partition, service, region, account = '', ...rest] = text.split(':');
    const resource = rest.join(':');
    const owner = /^\d{12}$/.test(account)
      ? this.#put('account', account)
      : account === '' || account === 'aws'
        ? account
        : '';
    const revision = /^task-definition\/(.+):(\d+)$/.exec(resource);
    const told = revision
      ? `task-definition/${this.#name(revision[1] ?? '')}:${revision[2]}`
      : service === 'ssm'
        ? `parameter${this.#parameterPath(resource.slice('parameter'.length))}`
        : this.#path(resource);
    return [arn, partition, service, region, owner, told].join(':');
  }

  /** Parts of a resource: the first says what it is, the others name it. `service/prod/web`, `targetgroup/web/0123`. */
  #path(text: string): string {
    return text
      .split(/([/:])/)
      .map((part, at) => {
        const isWord =
          at === 0 ||
          part === 'autoScalingGroupName' ||
          part === 'policyName' ||
          part === 'scheduledActionName';
        if (part === '/' || part === ':') return part;
        if (isWord && (RESOURCE_WORDS.has(part) || part === 'ecs-svc')) return part;
        if (at === 2 && /^(?:app|net|gwy)$/.test(part) && text.startsWith('loadbalancer')) return part;
        return this.#token(part);
      })
      .join('');
  }

  /** In an ARN a parameter's name has one slash before it, whether it begins with one or not. */
  #parameterPath(path: string): string {
    if (AWS_NAMES.test(path)) return path;
    return `/${this.#name(this.#known.has(path) ? path : path.slice(1))}`;
  }

  #imageReference(text: string): string {
    if (!text.startsWith(RESOLVED)) return this.#token(text);
    return `${RESOLVED}${this.#parameterReference(text.slice(RESOLVED.length))}`;
  }

  /** `name`, `name:3` or `name:label`. */
  #parameterReference(text: string): string {
    if (text.startsWith('arn:')) return this.#arn(text);
    const [name = '', selector] = text.split(':');
    if (selector === undefined) return this.#name(name);
    return `${this.#name(name)}:${/^\d+$/.test(selector) ? selector : this.#name(selector)}`;
  }

  #parameterValue(text: string): string {
    const imageId = /ami-[0-9a-z]{1,32}/.exec(text)?.[0];
    if (imageId === undefined) return this.#name(text);
    return text.trim() === imageId
      ? this.#token(imageId)
      : JSON.stringify({ image_id: this.#token(imageId) });
  }

  #containerImage(text: string): string {
    const [tagged = '', digest] = text.split('@');
    const inRegistry = REGISTRY.exec(tagged);
    const path = inRegistry?.[3] ?? tagged;
    const at = path.lastIndexOf(':') > path.lastIndexOf('/') ? path.lastIndexOf(':') : path.length;
    const registry = inRegistry ? `${this.#put('account', inRegistry[1] ?? '')}${inRegistry[2]}/` : '';
    const tag = at < path.length ? `:${this.#name(path.slice(at + 1))}` : '';
    return `${registry}${this.#name(path.slice(0, at))}${tag}${digest === undefined ? '' : `@${this.#token(digest)}`}`;
  }

  #attribute(text: string, key: string, { name }: Json): string | undefined {
    if (key !== 'name' && key !== 'value') return undefined;
    if (!isAwsAttribute(String(name))) return this.#name(text);
    if (key === 'name') return text;
    const kind = kindOf(text);
    return kind === undefined ? text : this.#put(kind, text);
  }

  #taskGroup(text: string): string {
    const [, word, name] = /^(service|family):(.+)$/.exec(text) ?? [];
    return word === undefined || name === undefined ? this.#name(text) : `${word}:${this.#name(name)}`;
  }

  #placementField(text: string): string {
    const [, attribute] = /^attribute:(.+)$/.exec(text) ?? [];
    return attribute === undefined || isAwsAttribute(attribute) ? text : `attribute:${this.#name(attribute)}`;
  }

  #expression(text: string): string {
    const world: ExpressionWorld = {
      ...this.#world,
      name: (original) => this.#name(original),
      taskGroup: (original) => this.#taskGroup(original),
      ids: (value) =>
        value.replace(/\b[a-z]+(?:-[a-z]+)?-[0-9a-z]+\b/g, (id) =>
          kindOf(id) === 'id' ? this.#token(id) : id,
        ),
    };
    return redactedExpression(text, world) ?? EVERY_HOST;
  }

  /** Which cluster a host joins, and how its agent is set: nothing else of a script is rehearsed. */
  #userData(text: string): string {
    const cluster = clusterInUserData(text);
    const plain = Buffer.from(text, 'base64').toString('utf8');
    const agent = [...plain.matchAll(/\b(ECS_[A-Z_]+)=(true|false|\d+(?:ms|s|m|h)?)\b/g)].map(
      (match) => match[0],
    );
    const lines = [...(cluster === undefined ? [] : [`ECS_CLUSTER=${this.#name(cluster)}`]), ...agent];
    const script = ['#!/bin/bash', ...lines.map((line) => `echo ${line} >> /etc/ecs/ecs.config`), ''].join(
      '\n',
    );
    return Buffer.from(script).toString('base64');
  }

  #tag(tag: Json): Json[] {
    const isLower = 'key' in tag;
    const key = String((isLower ? tag.key : tag.Key) ?? '');
    const value = String((isLower ? tag.value : tag.Value) ?? '');
    const pair = {
      key: key.startsWith(TAG_PREFIX) ? key : this.#name(key),
      value: this.#tagValue(key, value),
    };
    if (isLower) return [pair];
    const { key: Key, value: Value } = pair;
    const { key: _key, value: _value, Key: _Key, Value: _Value, ...beside } = tag;
    return [{ ...this.object(beside, 'Tags'), Key, Value }];
  }

  #tagValue(key: string, value: string): string {
    if (!key.startsWith(TAG_PREFIX)) return this.#reference(value);
    const setting = key.slice(TAG_PREFIX.length).replace(/-\d+$/, '');
    if (!NAMING_SETTINGS.has(setting)) return saysNothing(key, setting, value) ? value : this.#name(value);
    const one = (word: string) => {
      if (/^(?:amazon|self|aws-marketplace|launch-template|\d{1,4})$/.test(word)) return word;
      const source = readImageSource(word);
      if (word.startsWith('ssm:') && source?.kind === 'parameter')
        return `ssm:${this.#parameterReference(source.name)}`;
      return this.#reference(word);
    };
    return value.split(' ').map(one).join(' ');
  }
}

/** A setting that can be read, or a mark of ours: numbers, words of the settings, times. Anything else is somebody's text. */
function saysNothing(key: string, setting: string, value: string): boolean {
  if (MARKS.has(setting)) return WORD.test(value) && !/[A-Za-z]{8,}/.test(value);
  return !OWN_TEXT.has(setting) && settingsFromTags({ [key]: value }, 'cluster', '').problems.length === 0;
}

function isTags(key: string): boolean {
  return key === 'tags' || key === 'Tags';
}

/** Names in the fields of names: inside an ARN or a tag such a text is a name too, however it looks. */
function knownNames(capture: Json): ReadonlySet<string> {
  const names = new Set<string>();
  const look = (value: unknown, key: string, parent: string): void => {
    if (Array.isArray(value)) for (const one of value) look(one, key, parent);
    else if (typeof value === 'object' && value !== null)
      for (const [inner, one] of Object.entries(value)) look(one, inner, key);
    else if (
      typeof value === 'string' &&
      (NAMED.has(key) || NAMED.has(`${parent}.${key}`) || `${parent}.${key}` === 'parameters.Name')
    )
      names.add(value);
  };
  look(capture, '', '');
  return names;
}

function expressionWorld(capture: Json): Pick<ExpressionWorld, 'values' | 'taskGroups'> {
  const { containerInstances = [], tasks = [] } = (capture.ecs ?? {}) as {
    containerInstances?: { attributes?: { name?: string; value?: string }[] }[];
    tasks?: { group?: string; taskDefinitionArn?: string }[];
  };
  const values = new Map<string, Set<string>>();
  for (const { name = '', value } of containerInstances.flatMap(({ attributes = [] }) => attributes)) {
    const known = values.get(name) ?? new Set<string>();
    if (value !== undefined) values.set(name, known.add(value));
  }
  const families = tasks.flatMap(
    ({ taskDefinitionArn = '' }) => /([^/:]+):\d+$/.exec(taskDefinitionArn)?.[1] ?? [],
  );
  return {
    values,
    taskGroups: new Set([
      ...tasks.flatMap(({ group }) => group ?? []),
      ...families.map((family) => `family:${family}`),
    ]),
  };
}
