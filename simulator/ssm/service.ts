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
import type { RandomStream, RandomStreams } from '../kernel/random.ts';
import type { Call, EventBusPort, OperationRegistry, SsmPort } from '../world.ts';

export interface SsmParts {
  readonly clock: VirtualClock;
  readonly registry: OperationRegistry;
  readonly bus: EventBusPort;
  readonly accountId: string;
  readonly region: string;
  readonly random: RandomStreams;
  /** Whether the account could launch this AMI. */
  imageExists(imageId: string): boolean;
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
  /** Version by label, each time that the label was put somewhere, oldest first. */
  readonly labels: readonly Label[];
}

interface Label {
  readonly label: string;
  readonly version: number;
  readonly sinceMs: number;
}

const IMAGE = 'aws:ec2:image';
/** How long Parameter Store takes to look an AMI up; no figure is published. */
const IMAGE_VALIDATION_SECONDS = [1, 8] as const;
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
  readonly #validations: RandomStream;

  constructor(parts: SsmParts, parameters: readonly Parameter[]) {
    this.#parts = parts;
    this.#validations = parts.random.stream('ssm/image-validation');
    for (const parameter of parameters) this.#seed(parameter);
    parts.registry.register('SSM', {
      GetParameter: (input: { Name?: string }, call: Call) => ({
        Parameter: this.#get(input.Name ?? '', this.#seenMs(call)),
      }),
      GetParameters: (input: { Names?: string[] }, call: Call) =>
        this.#getAll(input.Names ?? [], this.#seenMs(call)),
      GetParametersByPath: (input: PathInput, call: Call) => this.#getByPath(input, this.#seenMs(call)),
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
    const { startMs } = this.#parts.clock;
    const changedMs = Math.min(parameter.LastModifiedDate?.getTime() ?? startMs, startMs);
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
      labels: [
        ...(known?.labels ?? []),
        ...(label === undefined ? [] : [{ label, version, sinceMs: startMs }]),
      ],
    });
  }

  /** A read that lags sees versions and labels as they were then. */
  #seenMs({ lagMs }: Call): number {
    return Math.max(this.#parts.clock.startMs, this.#parts.clock.nowMs - lagMs);
  }

  /** @throws ParameterNotFound, ParameterVersionNotFound */
  #get(reference: string, seenMs = Number.POSITIVE_INFINITY): Parameter {
    const { stored, selector } = this.#find(reference);
    if (!stored || !existed(stored, seenMs)) {
      throw awsError('ParameterNotFound', `Parameter ${reference} not found.`);
    }
    const found = versionOf(stored, selector, seenMs);
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

  #getAll(names: readonly string[], seenMs: number): object {
    if (names.length < 1 || names.length > MAX_NAMES) {
      const what = `Value at 'names' failed to satisfy constraint: Member must have length less than or equal to ${MAX_NAMES}`;
      throw awsError('ValidationException', `1 validation error detected: ${what}`);
    }
    const found: Parameter[] = [];
    const invalid: string[] = [];
    for (const name of new Set(names)) {
      try {
        found.push(this.#get(name, seenMs));
      } catch {
        invalid.push(name);
      }
    }
    return { Parameters: found, InvalidParameters: invalid };
  }

  #getByPath({ Path = '/', Recursive = false, MaxResults, NextToken }: PathInput, seenMs: number): object {
    const prefix = Path.endsWith('/') ? Path : `${Path}/`;
    const found = [...this.#parameters.values()]
      .filter((stored) => existed(stored, seenMs))
      .map(({ name }) => name)
      .filter((name) => name.startsWith(prefix) && (Recursive || !name.slice(prefix.length).includes('/')))
      .sort();
    const page = pageOf(
      found,
      (name) => name,
      `GetParametersByPath/${prefix}/${Recursive}`,
      { limit: MaxResults, nextToken: NextToken },
      BY_PATH,
    );
    return { Parameters: page.items.map((name) => this.#get(name, seenMs)), NextToken: page.nextToken };
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
    const dataType = input.DataType ?? known?.dataType ?? 'text';
    if (known && (known.dataType === IMAGE) !== (dataType === IMAGE)) {
      throw awsError(
        'ValidationException',
        `The data type of a parameter cannot be changed to or from ${IMAGE}.`,
      );
    }
    const value = input.Value ?? '';
    const Version =
      dataType === IMAGE ? this.#validate(name, value, type) : this.#write(name, value, type, dataType);
    return { Version, Tier: 'Standard' };
  }

  /**
   * The call has succeeded before its value was looked at: until then the version that it answered does not exist, and
   * it never will if the AMI is not there. Source: parameter-store-ec2-aliases; PutParameterRequest.DataType.
   */
  #validate(name: string, value: string, type: string): number {
    const { clock, imageExists } = this.#parts;
    const isUpdate = this.#parameters.has(name);
    const promised = (this.#parameters.get(name)?.versions.at(-1)?.version ?? 0) + 1;
    clock.after(this.#validations.between(IMAGE_VALIDATION_SECONDS) * 1000, () => {
      if (imageExists(value)) this.#write(name, value, type, IMAGE);
      else this.#tell({ name, type }, isUpdate ? 'Update' : 'Create', `Unable to Describe Resource`);
    });
    return promised;
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
      labels: known?.labels ?? [],
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
    const sinceMs = this.#parts.clock.nowMs;
    const moved = Labels.filter((label) => !invalid.includes(label)).map((label) => ({
      label,
      version,
      sinceMs,
    }));
    const labelled = { ...stored, labels: [...stored.labels, ...moved] };
    this.#parameters.set(stored.name, labelled);
    this.#tell(stored, 'LabelParameterVersion');
    return { InvalidLabels: invalid, ParameterVersion: version };
  }

  /** The event holds no value: who hears it must read. */
  #tell(
    { name, type }: Pick<Stored, 'name' | 'type'>,
    operation: 'Create' | 'Update' | 'LabelParameterVersion',
    exception?: string,
  ): void {
    if (isPublic(name)) return;
    this.#parts.bus.emit({
      source: 'aws.ssm',
      detailType: 'Parameter Store Change',
      resources: [this.#arnOf(name)],
      detail: { operation, name, type, ...(exception !== undefined && { exception }) },
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

function existed({ versions }: Stored, seenMs: number): boolean {
  return versions.some(({ changedMs }) => changedMs <= seenMs);
}

function versionOf(stored: Stored, selector: string | undefined, seenMs: number): Version | undefined {
  const seen = stored.versions.filter(({ changedMs }) => changedMs <= seenMs);
  if (selector === undefined) return seen.at(-1);
  const labelled = stored.labels.findLast(({ label, sinceMs }) => label === selector && sinceMs <= seenMs);
  const wanted = /^\d+$/.test(selector) ? Number(selector) : labelled?.version;
  return seen.find(({ version }) => version === wanted);
}

function isPublic(name: string): boolean {
  return name.startsWith('/aws/');
}
