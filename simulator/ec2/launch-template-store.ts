/** Launch templates and their immutable, numbered versions. */
import type { LaunchTemplate, LaunchTemplateVersion } from '@aws-sdk/client-ec2';
import type { Capture } from '../capture/capture.ts';
import { awsError } from '../kernel/aws-error.ts';

/** How a group or a call names a template: by id or by name, never both. */
export interface TemplateName {
  readonly LaunchTemplateId?: string | undefined;
  readonly LaunchTemplateName?: string | undefined;
}

export interface TemplateRecord {
  readonly id: string;
  readonly name: string;
  readonly createTime: Date;
  readonly createdBy: string;
  /** By number; a deleted number never comes back. */
  readonly versions: Map<number, LaunchTemplateVersion>;
  defaultVersion: number;
  nextVersion: number;
  readonly tags: Record<string, string>;
}

export class LaunchTemplateStore {
  readonly #byId = new Map<string, TemplateRecord>();
  readonly #byName = new Map<string, TemplateRecord>();

  constructor(capture: Capture) {
    for (const version of capture.ec2.launchTemplateVersions) this.#seed(version);
    for (const template of this.#byId.values()) {
      const marked = [...template.versions.values()].find((version) => version.DefaultVersion);
      // A capture may hold only the versions in use; the default of those is the best that it tells.
      template.defaultVersion = marked?.VersionNumber ?? Math.min(...template.versions.keys());
      template.nextVersion = Math.max(...template.versions.keys()) + 1;
    }
  }

  all(): Iterable<TemplateRecord> {
    return this.#byId.values();
  }

  find(name: TemplateName): TemplateRecord | undefined {
    if (name.LaunchTemplateId !== undefined) return this.#byId.get(name.LaunchTemplateId);
    return name.LaunchTemplateName === undefined ? undefined : this.#byName.get(name.LaunchTemplateName);
  }

  /**
   * @throws `InvalidLaunchTemplateId.NotFound` or `InvalidLaunchTemplateName.NotFoundException`
   */
  get(name: TemplateName): TemplateRecord {
    if ((name.LaunchTemplateId === undefined) === (name.LaunchTemplateName === undefined)) {
      throw awsError(
        'InvalidParameterCombination',
        'Either a launch template ID or a launch template name must be specified in the request, but not both.',
      );
    }
    const found = this.find(name);
    if (found) return found;
    throw name.LaunchTemplateId === undefined
      ? awsError(
          'InvalidLaunchTemplateName.NotFoundException',
          'At least one of the launch templates specified in the request does not exist.',
        )
      : awsError(
          'InvalidLaunchTemplateId.NotFound',
          `The specified launch template, with template ID ${name.LaunchTemplateId}, does not exist.`,
        );
  }

  #seed(version: LaunchTemplateVersion): void {
    const { LaunchTemplateId: id, VersionNumber: number } = version;
    if (id === undefined || number === undefined) return;
    let template = this.#byId.get(id);
    if (!template) {
      template = {
        id,
        name: version.LaunchTemplateName ?? id,
        createTime: version.CreateTime ?? new Date(0),
        createdBy: version.CreatedBy ?? '',
        versions: new Map(),
        defaultVersion: 1,
        nextVersion: 1,
        tags: {},
      };
      this.#byId.set(id, template);
      this.#byName.set(template.name, template);
    }
    template.versions.set(number, version);
  }
}

/** The greatest number that still exists: `$Latest`. */
export function latestVersion(template: TemplateRecord): number {
  return Math.max(...template.versions.keys());
}

/** The version behind a number, `$Latest` or `$Default`; undefined when there is none. */
export function versionOf(
  template: TemplateRecord,
  reference: string | undefined,
): LaunchTemplateVersion | undefined {
  const number =
    reference === '$Latest'
      ? latestVersion(template)
      : reference === undefined || reference === '' || reference === '$Default'
        ? template.defaultVersion
        : Number(reference);
  return template.versions.get(number);
}

export function templateShape(template: TemplateRecord): LaunchTemplate {
  return {
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    CreateTime: template.createTime,
    CreatedBy: template.createdBy,
    DefaultVersionNumber: template.defaultVersion,
    LatestVersionNumber: latestVersion(template),
    Tags: Object.entries(template.tags).map(([Key, Value]) => ({ Key, Value })),
  };
}

/** As DescribeLaunchTemplateVersions tells it; which version is the default is the template's word. */
export function versionShape(
  template: TemplateRecord,
  version: LaunchTemplateVersion,
): LaunchTemplateVersion {
  return {
    ...version,
    LaunchTemplateId: template.id,
    LaunchTemplateName: template.name,
    DefaultVersion: version.VersionNumber === template.defaultVersion,
  };
}
