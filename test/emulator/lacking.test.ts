/** What the gateway answers in the emulator's place: only what the emulator cannot answer, and as AWS would. */
import { AutoScalingClient, DescribeInstanceRefreshesCommand } from '@aws-sdk/client-auto-scaling';
import {
  DeleteLaunchTemplateVersionsCommand,
  DescribeInstanceEventWindowsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { DescribeServiceRevisionsCommand, ECSClient, GetTaskProtectionCommand } from '@aws-sdk/client-ecs';
import { ListServiceQuotasCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emulatorUrl, openEmulator } from './emulator.ts';
import type { Gateway } from './gateway.ts';
import { LACKING } from './lacking.ts';

/** Where to ask, and whatever an operation needs to be asked. */
type Endpoint = { readonly endpoint: string; readonly maxAttempts: number };
const ASKS: Readonly<Record<string, (at: Endpoint) => Promise<object>>> = {
  'autoscaling:DescribeInstanceRefreshes': (at) =>
    new AutoScalingClient(at).send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: 'a' })),
  'ec2:DeleteLaunchTemplateVersions': (at) =>
    new EC2Client(at).send(
      new DeleteLaunchTemplateVersionsCommand({ LaunchTemplateId: 'lt-0', Versions: ['2'] }),
    ),
  'ec2:DescribeInstanceEventWindows': (at) =>
    new EC2Client(at).send(new DescribeInstanceEventWindowsCommand({})),
  'ecs:DescribeServiceRevisions': (at) =>
    new ECSClient(at).send(new DescribeServiceRevisionsCommand({ serviceRevisionArns: ['a'] })),
  'ecs:GetTaskProtection': (at) =>
    new ECSClient(at).send(new GetTaskProtectionCommand({ cluster: 'a', tasks: ['a'] })),
  'servicequotas:ListServiceQuotas': (at) =>
    new ServiceQuotasClient(at).send(new ListServiceQuotasCommand({ ServiceCode: 'ec2' })),
};

const NOT_IMPLEMENTED = 500;

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openEmulator();
});
afterAll(() => gateway.close());

describe('what the emulator lacks', () => {
  it.each(LACKING.map(({ action }) => action))(
    '%s: it has none, and the gateway answers that',
    async (action) => {
      const ask = ASKS[action];
      if (ask === undefined) throw new Error(`nobody asks for ${action} here`);
      await expect(ask({ endpoint: emulatorUrl(), maxAttempts: 1 })).rejects.toMatchObject({
        $metadata: { httpStatusCode: NOT_IMPLEMENTED },
      });
      const { $metadata, ...answer } = (await ask({ endpoint: gateway.url, maxAttempts: 1 })) as {
        $metadata: { httpStatusCode: number };
      };
      expect($metadata.httpStatusCode).toBe(200);
      expect(Object.values(answer).flat()).toEqual([]);
      expect(gateway.actions.splice(0)).toEqual([action]);
    },
  );
});
