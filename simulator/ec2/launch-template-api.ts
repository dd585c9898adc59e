/** EC2's calls on launch templates. Source: Amazon EC2 API reference, the command named at each method. */
import type {
  CreateLaunchTemplateVersionRequest,
  DeleteLaunchTemplateVersionsRequest,
  DescribeLaunchTemplatesRequest,
  DescribeLaunchTemplateVersionsRequest,
  LaunchTemplate,
  LaunchTemplateVersion,
  ModifyLaunchTemplateRequest,
  ResponseLaunchTemplateData,
} from '@aws-sdk/client-ec2';
import { awsError } from '../kernel/aws-error.ts';
import { LaggingStore } from '../kernel/lagging-store.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Call, World } from '../world.ts';
import { filterOf } from './filters.ts';
import {
  type LaunchTemplateStore,
  type TemplateRecord,
  templateShape,
  versionOf,
  versionShape,
} from './launch-template-store.ts';
import { EC2_PAGES } from './page-rules.ts';

const TEMPLATE_PAGES = { ...EC2_PAGES, minLimit: 1, defaultLimit: 200, maxLimit: 200 };
/** Source: Amazon EC2 user guide, launch-template-restrictions. */
const MOST_VERSIONS = 10_000;

/** Templates as reads see them: the whole record of a moment. */
interface Picture {
  readonly template: LaunchTemplate;
  readonly versions: readonly LaunchTemplateVersion[];
}

export class LaunchTemplateApi {
  readonly #world: World;
  readonly #store: LaunchTemplateStore;
  readonly #resolveImage: (reference: string) => string | undefined;
  readonly #pictures: LaggingStore<Picture>;
  /** What a client token was used for: the request, and the version that it made. */
  readonly #tokens = new Map<string, { readonly request: string; readonly version: LaunchTemplateVersion }>();

  constructor(
    world: World,
    store: LaunchTemplateStore,
    resolveImage: (reference: string) => string | undefined,
  ) {
    this.#world = world;
    this.#store = store;
    this.#resolveImage = resolveImage;
    this.#pictures = new LaggingStore(world.clock);
    for (const template of store.all()) this.#picture(template);
  }

  /** A new picture for reads, after any change of a template. */
  changed(template: TemplateRecord): void {
    this.#picture(template);
  }

  describeLaunchTemplates(input: DescribeLaunchTemplatesRequest, call: Call) {
    for (const id of input.LaunchTemplateIds ?? []) this.#store.get({ LaunchTemplateId: id });
    for (const name of input.LaunchTemplateNames ?? []) this.#store.get({ LaunchTemplateName: name });
    const matches = filterOf<LaunchTemplate>('DescribeLaunchTemplates', input.Filters, {
      'launch-template-name': (template) => template.LaunchTemplateName,
      'create-time': (template) => template.CreateTime?.toISOString(),
    });
    const isNamed = input.LaunchTemplateIds?.length || input.LaunchTemplateNames?.length;
    const found = this.#pictures
      .list(call.lagMs)
      .map((picture) => picture.template)
      .filter(
        (template) =>
          !isNamed ||
          input.LaunchTemplateIds?.includes(template.LaunchTemplateId ?? '') ||
          input.LaunchTemplateNames?.includes(template.LaunchTemplateName ?? ''),
      )
      .filter(matches);
    const page = pageOf(
      found,
      (template) => template.LaunchTemplateId ?? '',
      'DescribeLaunchTemplates',
      { limit: input.MaxResults, nextToken: input.NextToken },
      TEMPLATE_PAGES,
    );
    return { LaunchTemplates: page.items, NextToken: page.nextToken };
  }

  describeLaunchTemplateVersions(input: DescribeLaunchTemplateVersionsRequest, call: Call) {
    const isNamed = input.LaunchTemplateId !== undefined || input.LaunchTemplateName !== undefined;
    if (!isNamed && !input.Versions?.every((version) => version.startsWith('$'))) {
      throw awsError(
        'MissingParameter',
        'Either a launch template ID or a launch template name must be specified to describe versions by number.',
      );
    }
    const ids = isNamed ? [this.#store.get(input).id] : [...this.#store.all()].map(({ id }) => id);
    const found = ids
      .map((id) => this.#pictures.get(id, call.lagMs))
      .filter((picture) => picture !== undefined)
      .flatMap((picture) => selectVersions(picture, input));
    const question = `DescribeLaunchTemplateVersions/${ids.length === 1 ? ids[0] : '*'}`;
    const page = pageOf(
      found,
      (version) => `${version.LaunchTemplateId}:${version.VersionNumber}`,
      question,
      { limit: input.MaxResults, nextToken: input.NextToken },
      TEMPLATE_PAGES,
    );
    const resolve = input.ResolveAlias ?? false;
    return {
      LaunchTemplateVersions: page.items.map((version) => (resolve ? this.#resolved(version) : version)),
      NextToken: page.nextToken,
    };
  }

  /**
   * A new version, numbered and not validated. With a source it inherits every parameter that is not given; snapshots
   * of the source's block devices are left out unless they are given.
   *
   * @throws `IdempotentParameterMismatch` for a client token that was used for something else
   */
  createLaunchTemplateVersion(input: CreateLaunchTemplateVersionRequest, call: Call) {
    const template = this.#store.get(input);
    const { ClientToken: token, ResolveAlias: _resolve, DryRun: _dryRun, ...request } = input;
    const asked = JSON.stringify(request);
    const used = token === undefined ? undefined : this.#tokens.get(token);
    if (used && used.request !== asked) {
      throw awsError(
        'IdempotentParameterMismatch',
        'The client token has already been used with different parameters.',
      );
    }
    if (used) return { LaunchTemplateVersion: used.version };

    const source = input.SourceVersion === undefined ? undefined : versionOf(template, input.SourceVersion);
    if (input.SourceVersion !== undefined && !source) throw versionNotFound(template, input.SourceVersion);
    if (template.versions.size >= MOST_VERSIONS) {
      throw awsError('VersionLimitExceeded', 'You have reached your limit of launch template versions.');
    }
    const number = template.nextVersion++;
    const version: LaunchTemplateVersion = {
      LaunchTemplateId: template.id,
      LaunchTemplateName: template.name,
      VersionNumber: number,
      ...(input.VersionDescription !== undefined && { VersionDescription: input.VersionDescription }),
      CreateTime: new Date(this.#world.clock.nowMs),
      CreatedBy: `arn:aws:sts::${this.#world.accountId}:assumed-role/${call.functionName}/${call.functionName}`,
      DefaultVersion: false,
      LaunchTemplateData: {
        ...withoutSnapshots(source?.LaunchTemplateData),
        ...(input.LaunchTemplateData as ResponseLaunchTemplateData),
      },
    };
    template.versions.set(number, version);
    if (token !== undefined) this.#tokens.set(token, { request: asked, version });
    this.#picture(template);
    return { LaunchTemplateVersion: input.ResolveAlias ? this.#resolved(version) : version };
  }

  modifyLaunchTemplate(input: ModifyLaunchTemplateRequest) {
    const template = this.#store.get(input);
    if (input.DefaultVersion !== undefined) {
      const version = versionOf(template, input.DefaultVersion);
      if (!version?.VersionNumber) throw versionNotFound(template, input.DefaultVersion);
      template.defaultVersion = version.VersionNumber;
      this.#picture(template);
    }
    return { LaunchTemplate: templateShape(template) };
  }

  /** A 200 with failures: the default version and versions that do not exist are refused one by one. */
  deleteLaunchTemplateVersions(input: DeleteLaunchTemplateVersionsRequest) {
    const template = this.#store.get(input);
    const versions = input.Versions ?? [];
    if (versions.length === 0 || versions.length > 200) {
      throw awsError('InvalidParameterValue', 'Specify between 1 and 200 launch template versions.');
    }
    const done = [];
    const refused = [];
    for (const reference of versions) {
      const number = Number(reference);
      const named = {
        LaunchTemplateId: template.id,
        LaunchTemplateName: template.name,
        VersionNumber: number,
      };
      if (!template.versions.has(number)) {
        const message = `Could not find launch template version ${reference} for launch template ${template.id}.`;
        refused.push({
          ...named,
          ResponseError: { Code: 'launchTemplateVersionDoesNotExist' as const, Message: message },
        });
      } else if (number === template.defaultVersion) {
        const message = 'The default version of a launch template cannot be deleted.';
        refused.push({ ...named, ResponseError: { Code: 'unexpectedError' as const, Message: message } });
      } else {
        template.versions.delete(number);
        done.push(named);
      }
    }
    this.#picture(template);
    return {
      SuccessfullyDeletedLaunchTemplateVersions: done,
      UnsuccessfullyDeletedLaunchTemplateVersions: refused,
    };
  }

  #resolved(version: LaunchTemplateVersion): LaunchTemplateVersion {
    const reference = version.LaunchTemplateData?.ImageId;
    if (!reference?.startsWith('resolve:ssm:')) return version;
    const ImageId = this.#resolveImage(reference);
    if (ImageId === undefined) {
      throw awsError(
        'InvalidParameterValue',
        `The value of the parameter '${reference}' could not be resolved.`,
      );
    }
    return { ...version, LaunchTemplateData: { ...version.LaunchTemplateData, ImageId } };
  }

  #picture(template: TemplateRecord): void {
    this.#pictures.put(template.id, {
      template: templateShape(template),
      versions: [...template.versions.values()]
        .map((version) => versionShape(template, version))
        .sort((a, b) => (b.VersionNumber ?? 0) - (a.VersionNumber ?? 0)),
    });
  }
}

function selectVersions(
  picture: Picture,
  input: DescribeLaunchTemplateVersionsRequest,
): LaunchTemplateVersion[] {
  const { template, versions } = picture;
  if (input.Versions?.length) {
    return input.Versions.map((reference) => {
      const number =
        reference === '$Latest'
          ? template.LatestVersionNumber
          : reference === '$Default'
            ? template.DefaultVersionNumber
            : Number(reference);
      const version = versions.find((candidate) => candidate.VersionNumber === number);
      if (!version) throw versionNotFound({ id: template.LaunchTemplateId ?? '' }, reference);
      return version;
    });
  }
  const least = Number(input.MinVersion ?? 0);
  const most = Number(input.MaxVersion ?? Number.POSITIVE_INFINITY);
  return versions.filter(({ VersionNumber: number = 0 }) => number >= least && number <= most);
}

function withoutSnapshots(data: ResponseLaunchTemplateData | undefined): ResponseLaunchTemplateData {
  if (!data?.BlockDeviceMappings) return { ...data };
  return {
    ...data,
    BlockDeviceMappings: data.BlockDeviceMappings.map((device) => {
      if (!device.Ebs) return device;
      const { SnapshotId: _snapshot, ...ebs } = device.Ebs;
      return { ...device, Ebs: ebs };
    }),
  };
}

function versionNotFound(template: { readonly id: string }, reference: string) {
  return awsError(
    'InvalidLaunchTemplateId.VersionNotFound',
    `Could not find the specified version ${reference} for the launch template with ID ${template.id}.`,
  );
}
