/** What a group launches from, when the run ends. */
import { ResumeProcessesCommand, UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import {
  DeleteLaunchTemplateVersionsCommand,
  DescribeLaunchTemplateVersionsCommand,
  ModifyLaunchTemplateCommand,
} from '@aws-sdk/client-ec2';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { beforeEach, describe, expect, it } from 'vitest';
import { readRun } from '../../functions/aws/ledger/runs.ts';

import {
  asTheRunLeftIt,
  autoScaling,
  ec2,
  eventBridge,
  FAILED,
  groupIs,
  ledger,
  referenceTo,
  restoring,
  SUCCEEDED,
  updates,
} from './rig.ts';

describe('restore, of launch template references', () => {
  beforeEach(asTheRunLeftIt);

  it('at success keeps $Latest, which is our version now', async () => {
    await restoring(SUCCEEDED);

    expect(updates()[0]?.LaunchTemplate).toEqual({ LaunchTemplateId: 'lt-1', Version: '$Latest' });
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)).toHaveLength(0);
  });

  it('at success moves $Default to our version', async () => {
    await restoring(SUCCEEDED, referenceTo('$Default'));

    expect(ec2.commandCalls(ModifyLaunchTemplateCommand)[0]?.args[0].input.DefaultVersion).toBe('7');
    expect(updates()[0]?.LaunchTemplate?.Version).toBe('$Default');
  });

  it('at success stays on our number where a number was', async () => {
    await restoring(SUCCEEDED, referenceTo('6'));

    expect(updates().some((input) => input.LaunchTemplate !== undefined)).toBe(false);
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)).toHaveLength(0);
  });

  it('at success gives resolve:ssm: its reference back and takes our literal version away', async () => {
    ec2.on(DescribeLaunchTemplateVersionsCommand).callsFake(({ Versions: [version], ResolveAlias }) => ({
      LaunchTemplateVersions: [
        {
          VersionNumber: version === '$Latest' ? 7 : 6,
          LaunchTemplateData: { ImageId: ResolveAlias ? 'ami-0new' : 'resolve:ssm:/golden' },
        },
      ],
    }));

    await restoring(SUCCEEDED);

    expect(updates()[0]?.LaunchTemplate?.Version).toBe('$Latest');
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)[0]?.args[0].input.Versions).toEqual(['7']);
  });

  it('at success gives resolve:ssm: its reference back although the parameter has moved on since', async () => {
    ec2.on(DescribeLaunchTemplateVersionsCommand).callsFake(({ Versions: [version], ResolveAlias }) => ({
      LaunchTemplateVersions: [
        {
          VersionNumber: version === '$Latest' ? 7 : 6,
          LaunchTemplateData: { ImageId: ResolveAlias ? 'ami-0newer' : 'resolve:ssm:/golden' },
        },
      ],
    }));

    await restoring(SUCCEEDED, referenceTo('$Latest', { resolvedItself: ['lt-1:6'] }));

    expect(updates()[0]?.LaunchTemplate?.Version).toBe('$Latest');
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)[0]?.args[0].input.Versions).toEqual(['7']);
  });

  it('at failure puts the reference back and takes our version away, so that $Latest is the owner’s', async () => {
    await restoring(FAILED);

    expect(updates()[0]?.LaunchTemplate?.Version).toBe('$Latest');
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)[0]?.args[0].input.Versions).toEqual(['7']);
  });

  it('leaves a reference that somebody else changed', async () => {
    groupIs({ LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '9' } });

    await restoring(SUCCEEDED);

    expect(updates().some((input) => input.LaunchTemplate !== undefined)).toBe(false);
  });

  // terraform-aws-modules/terraform-aws-eks issue 2122: UpdateAutoScalingGroup answers so where a template names an image
  // that is not there.
  it('gives back all else where Auto Scaling refuses the reference for what its owner wrote, and says so', async () => {
    const refusal = Object.assign(
      new Error(
        "You must use a valid fully-formed launch template. The image id '[ami-0gone]' does not exist",
      ),
      { name: 'ValidationError' },
    );
    autoScaling.on(UpdateAutoScalingGroupCommand).callsFake((input) => {
      if (input.LaunchTemplate !== undefined) throw refusal;
      return {};
    });

    expect(await restoring(FAILED)).toMatchObject({ next: 'report', ending: FAILED });

    expect(updates().at(-1)).toMatchObject({ MinSize: 2, DesiredCapacity: 2 });
    expect(autoScaling.commandCalls(ResumeProcessesCommand)).toHaveLength(1);
    // The group still launches from our version.
    expect(ec2.commandCalls(DeleteLaunchTemplateVersionsCommand)).toEqual([]);
    const [notice] = eventBridge
      .commandCalls(PutEventsCommand)
      .map((call) => call.args[0].input.Entries?.[0]);
    expect(notice?.Detail).toMatch(/could not be put back, it stays lt-1:7: .*ami-0gone/);
    expect((await readRun(ledger.table, 'run-1'))?.memory).toMatchObject({ phase: 'closed' });
  });
});
