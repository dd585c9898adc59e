/**
 * Service Quotas from the capture; a quota that it does not list is unknown here.
 * Source: Service Quotas API reference, GetServiceQuota (NoSuchResourceException), ListServiceQuotas (100 a page).
 */
import type { ServiceQuota } from '@aws-sdk/client-service-quotas';
import { awsError } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import type { OperationRegistry } from '../world.ts';

interface QuotaInput {
  readonly ServiceCode?: string;
  readonly QuotaCode?: string;
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

const PAGES = {
  defaultLimit: 100,
  maxLimit: 100,
  limitError: 'IllegalArgumentException',
  tokenError: 'InvalidPaginationTokenException',
};

export function registerServiceQuotas(registry: OperationRegistry, quotas: readonly ServiceQuota[]): void {
  registry.register('ServiceQuotas', {
    GetServiceQuota: ({ ServiceCode, QuotaCode }: QuotaInput) => {
      const quota = quotas.find((each) => each.ServiceCode === ServiceCode && each.QuotaCode === QuotaCode);
      if (quota) return { Quota: quota };
      throw awsError(
        'NoSuchResourceException',
        `The request failed because the specified service quota does not exist.`,
      );
    },
    ListServiceQuotas: ({ ServiceCode, MaxResults, NextToken }: QuotaInput) => {
      const page = pageOf(
        quotas.filter((each) => each.ServiceCode === ServiceCode),
        (quota) => quota.QuotaCode ?? '',
        `ListServiceQuotas/${ServiceCode}`,
        { limit: MaxResults, nextToken: NextToken },
        PAGES,
      );
      return { Quotas: page.items, NextToken: page.nextToken };
    },
  });
}
