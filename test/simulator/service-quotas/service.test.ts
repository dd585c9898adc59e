import {
  GetServiceQuotaCommand,
  ListServiceQuotasCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { afterEach, describe, expect, it } from 'vitest';
import { registerServiceQuotas } from '../../../simulator/service-quotas/service.ts';
import { type Kernel, kernel } from '../support/kernel.ts';

let account: Kernel;
afterEach(() => account.close());

describe('Service Quotas', () => {
  it('answers what the capture lists; anything else does not exist', async () => {
    account = kernel();
    registerServiceQuotas(account.dispatcher, [
      { ServiceCode: 'ec2', QuotaCode: 'L-1216C47A', Value: 256 },
      { ServiceCode: 'ecs', QuotaCode: 'L-9EF96962', Value: 5000 },
    ]);
    const client = new ServiceQuotasClient({});
    account.dispatcher.attach(client, 'ServiceQuotas');
    const get = (QuotaCode: string) =>
      account.finish(() => client.send(new GetServiceQuotaCommand({ ServiceCode: 'ec2', QuotaCode })));
    expect((await get('L-1216C47A')).Quota?.Value).toBe(256);
    await expect(get('L-9EF96962')).rejects.toMatchObject({ name: 'NoSuchResourceException' });
    const listed = await account.finish(() =>
      client.send(new ListServiceQuotasCommand({ ServiceCode: 'ec2' })),
    );
    expect(listed.Quotas?.map(({ QuotaCode }) => QuotaCode)).toEqual(['L-1216C47A']);
  });
});
