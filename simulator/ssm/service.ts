/**
 * AWS Systems Manager Parameter Store: own parameters and AWS's public ones, versions and labels. A change of an own
 * parameter is told on the bus, best effort; of a public one never, so that only polling finds it.
 *
 * Sources: Systems Manager API reference (GetParameter, GetParameters: 10 names, PutParameter, LabelParameterVersion);
 * user guide, sysman-paramstore-cwe (Parameter Store Change).
 */
import type { Parameter, PutParameterRequest } from '@aws-sdk/client-ssm';
import { awsError } from '../kernel/aws-error.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import { pageOf } from '../kernel/pages.ts';
import type { EventBusPort, OperationRegistry, SsmPort } from '../world.ts';

export interface SsmParts {
  readonly clock: VirtualClock;
  readonly registry: OperationRegistry;
  readonly bus: EventBusPort;
  readonly accountId: string;
  readonly region: string;
}

interface Version {
  readonly version: number;
  readonly value: string;
  readonly changedMs: number;
}

interface Stored {
  readonly name: string;
  readonly type: string;
  readonly dataType: string;
  readonly versions: Version[];
  /** Version by label. */
  readonly labels: Map<string, number>;
}

const MAX_NAMES = 10;
/** Standard parameters keep a hundred versions. */
const MAX_VERSIONS = 100;
const BY_PATH = {
  defaultLimit: 10,
  maxLimit: 10,
  limitError: 'ValidationException',
  tokenError: 'InvalidNextToken',
};

export class ParameterStore implements SsmPort {
  readonly #parts: SsmParts;
  readonly #parameters = new Map<string, Stored>();

  constructor(parts: SsmParts, parameters: readonly Parameter[]) {
    this.#parts = parts;
    for (const parameter of parameters) this.#seed(parameter);
    parts.registry.register('SSM', {
      GetParameter: (input: { Name?: string }) => ({ Parameter: this.#get(input.Name ?? '') }),
      GetParameters: (input: { Names?: string[] }) => this.#getAll(input.Names ?? []),
      GetParametersByPath: (input: PathInput) => this.#getByPath(input),
      PutParameter: (input: PutParameterRequest) => this.#put(input),
      LabelParameterVersion: (input: LabelInput) => this.#label(input),
    });
  }

  valueOf(name: string): string | undefined {
    try {
      return this.#get(name).Value;
    } catch {
      return undefined;
    }
  }

  put(name: string, value: string): void {
    const known = this.#parameters.get(name);
    this.#write(name, value, known?.type ?? 'String', known?.dataType ?? 'text');
  }

  #seed(parameter: Parameter): void {
    const name = parameter.Name ?? '';
    const changedMs = parameter.LastModifiedDate?.getTime() ?? this.#parts.clock.startMs;
    const known = this.#parameters.get(name);
    const label = /^:?(\D.*)$/.exec(parameter.Selector ?? '')?.[1];
    const version = parameter.Version ?? 1;
    const others = (known?.versions ?? []).filter((other) => other.version !== version);
    this.#parameters.set(name, {
      name,
      type: parameter.Type ?? 'String',
      dataType: parameter.DataType ?? 'text',
      versions: [...others, { version, value: parameter.Value ?? '', changedMs }].sort(
        (a, b) => a.version - b.version,
      ),
      labels: new Map([
        ...(known?.labels ?? []),
        ...(label === undefined ? [] : [[label, version] as const]),
      ]),
    });
  }

  /** @throws ParameterNotFound, ParameterVersionNotFound */
  #get(reference: string): Parameter {
    const { stored, selector } = this.#find(reference);
    if (!stored) throw awsError('ParameterNotFound', `Parameter ${reference} not found.`);
    const found = versionOf(stored, selector);
    if (!found) {
      const what = `Systems Manager could not find version ${selector} of ${stored.name}. Verify the version and try again.`;
      throw awsError('ParameterVersionNotFound', what);
    }
    return {
      Name: stored.name,
      Type: stored.type as NonNullable<Parameter['Type']>,
      Value: found.value,
      Version: found.version,
      ...(selector === undefined ? {} : { Selector: `:${selector}` }),
      LastModifiedDate: new Date(found.changedMs),
      ARN: this.#arnOf(stored.name),
      DataType: stored.dataType,
    };
  }

  #getAll(names: readonly string[]): object {
    if (names.length < 1 || names.length > MAX_NAMES) {
      const what = `Value at 'names' failed to satisfy constraint: Member must have length less than or equal to ${MAX_NAMES}`;
      throw awsError('ValidationException', `1 validation error detected: ${what}`);
    }
    const found: Parameter[] = [];
    const invalid: string[] = [];
    for (const name of new Set(names)) {
      try {
        found.push(this.#get(name));
      } catch {
        invalid.push(name);
      }
    }
    return { Parameters: found, InvalidParameters: invalid };
  }

  #getByPath({ Path = '/', Recursive = false, MaxResults, NextToken }: PathInput): object {
    const prefix = Path.endsWith('/') ? Path : `${Path}/`;
    const found = [...this.#parameters.keys()]
      .filter((name) => name.startsWith(prefix) && (Recursive || !name.slice(prefix.length).includes('/')))
      .sort();
    const page = pageOf(
      found,
      (name) => name,
      `GetParametersByPath/${prefix}/${Recursive}`,
      { limit: MaxResults, nextToken: NextToken },
      BY_PATH,
    );
    return { Parameters: page.items.map((name) => this.#get(name)), NextToken: page.nextToken };
  }

  #put(input: PutParameterRequest): object {
    const name = input.Name ?? '';
    const known = this.#parameters.get(name);
    if (/^\/?(aws|ssm)/i.test(name)) {
      throw awsError(
        'ValidationException',
        `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`,
      );
    }
    if (known && !input.Overwrite) {
      const what =
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.';
      throw awsError('ParameterAlreadyExists', what);
    }
    const type = input.Type ?? known?.type;
    if (!type)
      throw awsError('ValidationException', 'A parameter type is required when you create a parameter.');
    return {
      Version: this.#write(name, input.Value ?? '', type, input.DataType ?? known?.dataType ?? 'text'),
      Tier: 'Standard',
    };
  }

  #write(name: string, value: string, type: string, dataType: string): number {
    const known = this.#parameters.get(name);
    const version = (known?.versions.at(-1)?.version ?? 0) + 1;
    const stored: Stored = {
      name,
      type,
      dataType,
      versions: [...(known?.versions ?? []), { version, value, changedMs: this.#parts.clock.nowMs }].slice(
        -MAX_VERSIONS,
      ),
      labels: known?.labels ?? new Map(),
    };
    this.#parameters.set(name, stored);
    this.#tell(stored, known ? 'Update' : 'Create');
    return version;
  }

  #label({ Name = '', ParameterVersion, Labels = [] }: LabelInput): object {
    const { stored } = this.#find(Name);
    if (!stored) throw awsError('ParameterNotFound', `Parameter ${Name} not found.`);
    const version = ParameterVersion ?? stored.versions.at(-1)?.version ?? 1;
    if (!stored.versions.some((each) => each.version === version)) {
      throw awsError(
        'ParameterVersionNotFound',
        `Systems Manager could not find version ${version} of ${Name}.`,
      );
    }
    const invalid = Labels.filter((label) => /^(\d|aws|ssm)/i.test(label));
    for (const label of Labels) if (!invalid.includes(label)) stored.labels.set(label, version);
    this.#tell(stored, 'LabelParameterVersion');
    return { InvalidLabels: invalid, ParameterVersion: version };
  }

  /** The event holds no value: who hears it must read. */
  #tell({ name, type }: Stored, operation: 'Create' | 'Update' | 'LabelParameterVersion'): void {
    if (isPublic(name)) return;
    this.#parts.bus.emit({
      source: 'aws.ssm',
      detailType: 'Parameter Store Change',
      resources: [this.#arnOf(name)],
      detail: { operation, name, type },
      delivery: 'best-effort',
    });
  }

  /** `name`, `name:version`, `name:label`, or an ARN with or without them. */
  #find(reference: string): { readonly stored: Stored | undefined; readonly selector: string | undefined } {
    const isArn = reference.startsWith('arn:');
    const plain = isArn ? reference.slice(reference.indexOf(':parameter') + ':parameter'.length) : reference;
    const [path = '', selector] = plain.split(':');
    // The ARN of `foo` ends in `parameter/foo`, that of `/a/foo` in `parameter/a/foo`.
    const stored = this.#parameters.get(path) ?? (isArn ? this.#parameters.get(path.slice(1)) : undefined);
    return { stored, selector };
  }

  #arnOf(name: string): string {
    const owner = isPublic(name) ? '' : this.#parts.accountId;
    return `arn:aws:ssm:${this.#parts.region}:${owner}:parameter${name.startsWith('/') ? '' : '/'}${name}`;
  }
}

interface PathInput {
  readonly Path?: string;
  readonly Recursive?: boolean;
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

interface LabelInput {
  readonly Name?: string;
  readonly ParameterVersion?: number;
  readonly Labels?: readonly string[];
}

function versionOf(stored: Stored, selector: string | undefined): Version | undefined {
  if (selector === undefined) return stored.versions.at(-1);
  const wanted = /^\d+$/.test(selector) ? Number(selector) : stored.labels.get(selector);
  return stored.versions.find(({ version }) => version === wanted);
}

function isPublic(name: string): boolean {
  return name.startsWith('/aws/');
}
