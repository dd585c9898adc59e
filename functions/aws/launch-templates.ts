/** Launch template versions: read, made for a run, taken away again, and the `$Default` pointer. */
import {
  CreateLaunchTemplateVersionCommand,
  DeleteLaunchTemplateVersionsCommand,
  DescribeLaunchTemplateVersionsCommand,
  type EC2Client,
  type LaunchTemplateVersion,
  ModifyLaunchTemplateCommand,
} from '@aws-sdk/client-ec2';
import { isNotFound } from './error-codes.ts';

/**
 * Versions of a template by number, `$Latest` or `$Default`; `resolve` answers `resolve:ssm:` references with the image
 * they stand for now. An unknown template or version is absent.
 */
export async function describeTemplateVersions(
  ec2: EC2Client,
  LaunchTemplateId: string,
  Versions: string[],
  resolve = false,
): Promise<LaunchTemplateVersion[]> {
  const found: LaunchTemplateVersion[] = [];
  let NextToken: string | undefined;
  try {
    do {
      const answer = await ec2.send(
        new DescribeLaunchTemplateVersionsCommand({
          LaunchTemplateId,
          Versions,
          ...(resolve ? { ResolveAlias: true } : {}),
          ...(NextToken === undefined ? {} : { NextToken }),
        }),
      );
      found.push(...(answer.LaunchTemplateVersions ?? []));
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return found;
}

/** The number a moving reference stands for now; undefined when the template is gone. */
export async function versionNumber(
  ec2: EC2Client,
  launchTemplateId: string,
  version: string,
): Promise<number | undefined> {
  const [found] = await describeTemplateVersions(ec2, launchTemplateId, [version]);
  return found?.VersionNumber;
}

/**
 * Makes a version like `sourceVersion` with this literal image. Repeating it with the same token gives the same version
 * (Amazon EC2 API reference, CreateLaunchTemplateVersion, ClientToken).
 */
export async function createTemplateVersion(
  ec2: EC2Client,
  request: {
    readonly launchTemplateId: string;
    readonly sourceVersion: number;
    readonly imageId: string;
    readonly description: string;
    /** At most 128 characters. */
    readonly clientToken: string;
  },
): Promise<number> {
  const answer = await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateId: request.launchTemplateId,
      SourceVersion: String(request.sourceVersion),
      LaunchTemplateData: { ImageId: request.imageId },
      VersionDescription: request.description,
      ClientToken: request.clientToken,
    }),
  );
  const version = answer.LaunchTemplateVersion?.VersionNumber;
  if (version === undefined)
    throw new Error(`${request.launchTemplateId}: AWS made a version without a number`);
  return version;
}

export async function setDefaultVersion(
  ec2: EC2Client,
  LaunchTemplateId: string,
  version: number,
): Promise<void> {
  await ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateId, DefaultVersion: String(version) }));
}

/**
 * Takes back a version that a run made, so that `$Latest` means the owner's again. One that is gone already is no error.
 *
 * @returns AWS's reason when it kept the version (it is the default, or in use), else undefined.
 */
export async function deleteTemplateVersion(
  ec2: EC2Client,
  LaunchTemplateId: string,
  version: number,
): Promise<string | undefined> {
  const answer = await ec2.send(
    new DeleteLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: [String(version)] }),
  );
  const failure = answer.UnsuccessfullyDeletedLaunchTemplateVersions?.[0]?.ResponseError;
  if (failure === undefined || /NotExist|NotFound/i.test(failure.Code ?? '')) return undefined;
  return failure.Message ?? failure.Code ?? 'no reason given';
}
