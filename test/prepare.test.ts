import {
  AutoScalingClient,
  DeleteWarmPoolCommand,
  DescribeAutoScalingGroupsCommand,
  SuspendProcessesCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { CreateLaunchTemplateVersionCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ECSClient } from '@aws-sdk/client-ecs';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { readClaim } from '../functions/aws/ledger/claims.ts';
import { readRun, remember, writeRunPlan } from '../functions/aws/ledger/runs.ts';
import type { TemplateUse } from '../functions/core/facts.ts';
import { handler } from '../functions/prepare.ts';
import { fakeLedger } from './support/fake-ledger.ts';
import { lambdaContext } from './support/lambda-context.ts';
import { begin, EXECUTION, groupMemory, plan, state } from './support/run.ts';

const autoScaling = mockClient(AutoScalingClient);
const ec2 = mockClient(EC2Client);
const ecs = mockClient(ECSClient);
const sfn = mockClient(SFNClient);
const ledger = fakeLedger();

const use: TemplateUse = {
  reference: { launchTemplateId: 'lt-1', version: '$Latest' },
  resolvedVersion: 6,
  imageReference: 'ami-0old',
  imageId: 'ami-0old',
  instanceTypes: ['m7i.large'],
};
/** Begun and planned, but not yet pinned: where a crash of `prepare` leaves a run. */
const beginUnpinned = async () => {
  await begin(ledger.table, { groups: [{ ...groupMemory, set: {}, createdVersions: {} }] });
  const [group] = plan.groups;
  const images = [{ use, image: { imageId: 'ami-0new', state: 'available' } }];
  const planned = { ...plan, groups: group ? [{ ...group, target: { ...group.target, images } }] : [] };
  await writeRunPlan(ledger.table, 'run-1', planned, 0);
};

describe('prepare', () => {
  beforeEach(() => {
    for (const mock of [autoScaling, ec2, ecs, sfn]) mock.reset();
    ledger.reset();
    sfn.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: 'hosts',
          LaunchTemplate: { LaunchTemplateId: 'lt-1', LaunchTemplateName: 'hosts', Version: '$Latest' },
        } as never,
      ],
    });
    ec2.on(CreateLaunchTemplateVersionCommand).resolves({ LaunchTemplateVersion: { VersionNumber: 7 } });
  });

  it.each([
    ['deletes a warm pool, by force: nothing of a cluster runs there', { MinSize: 1 }, 1],
    ['leaves one alone that is on its way out', { MinSize: 1, Status: 'PendingDelete' as const }, 0],
  ])('%s', async (_, WarmPoolConfiguration, times) => {
    const group = {
      ...groupMemory,
      original: { ...groupMemory.original, warmPool: '{"MinSize":1}' },
      set: {},
      createdVersions: {},
    };
    await begin(ledger.table, { groups: [group] });
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({
      AutoScalingGroups: [{ AutoScalingGroupName: 'hosts', WarmPoolConfiguration } as never],
    });
    await handler({ ...state, next: 'prepare' }, lambdaContext);
    const calls = autoScaling.commandCalls(DeleteWarmPoolCommand).map((call) => call.args[0].input);
    expect(calls).toEqual(Array(times).fill({ AutoScalingGroupName: 'hosts', ForceDelete: true }));
  });

  it('pins the group to a version with the literal image, written down before the group is touched', async () => {
    await beginUnpinned();
    autoScaling.on(UpdateAutoScalingGroupCommand).callsFake(async () => {
      const group = (await readRun(ledger.table, 'run-1'))?.memory?.groups[0];
      expect(group).toMatchObject({ createdVersions: { 'lt-1:6': 7 } });
      expect(group?.set.launchSource).toContain('"7"');
      return {};
    });

    const answer = await handler({ ...state, next: 'prepare' }, lambdaContext);

    expect(answer.next).toBe('assess');
    expect(ec2.commandCalls(CreateLaunchTemplateVersionCommand)[0]?.args[0].input).toMatchObject({
      SourceVersion: '6',
      LaunchTemplateData: { ImageId: 'ami-0new' },
    });
    expect(autoScaling.commandCalls(UpdateAutoScalingGroupCommand)[0]?.args[0].input.LaunchTemplate).toEqual({
      LaunchTemplateId: 'lt-1',
      Version: '7',
    });
    expect(autoScaling.commandCalls(SuspendProcessesCommand)[0]?.args[0].input.ScalingProcesses).toEqual([
      'AZRebalance',
      'ScheduledActions',
    ]);
  });

  it('repeated after a crash asks for the very same version, and keeps the originals', async () => {
    await beginUnpinned();
    autoScaling.on(UpdateAutoScalingGroupCommand).rejectsOnce(new Error('crash')).resolves({});
    await expect(handler({ ...state, next: 'prepare' }, lambdaContext)).rejects.toThrow('crash');

    await handler({ ...state, next: 'prepare' }, lambdaContext);

    expect(ec2.commandCalls(CreateLaunchTemplateVersionCommand)).toHaveLength(1);
    expect((await readRun(ledger.table, 'run-1'))?.memory?.groups[0]?.original).toEqual(groupMemory.original);
  });

  it('pins nothing anew where the run that it carries on closes: restore may have put the reference back', async () => {
    await beginUnpinned();
    const run = await readRun(ledger.table, 'run-1');
    if (run?.memory === undefined) throw new Error('no memory');
    await remember(ledger.table, run.memory, {
      run: { phase: 'closing', ending: { outcome: 'FAILED', reason: 'x' } },
      groups: [],
      hosts: [],
      services: [],
    });

    expect(await handler({ ...state, next: 'prepare' }, lambdaContext)).toMatchObject({ next: 'assess' });

    expect(ec2.commandCalls(CreateLaunchTemplateVersionCommand)).toEqual([]);
    expect(autoScaling.commandCalls(UpdateAutoScalingGroupCommand)).toEqual([]);
  });

  it('does not begin while another run that is alive holds the cluster', async () => {
    await begin(ledger.table);

    await expect(
      handler({ ...state, execution: `${EXECUTION}-new`, runId: 'run-2', next: 'prepare' }, lambdaContext),
    ).rejects.toMatchObject({ name: 'ClaimHeld' });
    expect(autoScaling.calls()).toHaveLength(0);
  });

  it('takes a dead run over with a new token, lets its last Lambda run out, and then gives back', async () => {
    await begin(ledger.table);
    sfn.on(DescribeExecutionCommand).resolves({ status: 'ABORTED', stopDate: new Date() });

    const before = Date.now();
    const answer = await handler(
      { ...state, mode: 'abort', execution: `${EXECUTION}-new`, next: 'prepare' },
      lambdaContext,
    );

    expect(answer).toMatchObject({ token: 2, next: 'wait', runId: 'run-1' });
    expect(Date.parse(answer.nextLookAt)).toBeGreaterThanOrEqual(before + 60_000);
    expect((await readClaim(ledger.table, 'prod'))?.owner).toBe(`${EXECUTION}-new`);
    expect((await readRun(ledger.table, 'run-1'))?.memory?.control?.mode).toBe('abort');
  });
});
