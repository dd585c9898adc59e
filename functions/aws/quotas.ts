/** vCPU quotas for running instances. */
import {
  paginateListServiceQuotas,
  type ServiceQuota,
  type ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import type { VcpuQuota } from '../core/plan/plan-facts.ts';
import { isBusy } from './error-codes.ts';

/**
 * The quotas "Running On-Demand … instances" and "All … Spot Instance Requests" by code, with the families each counts.
 * Source: Amazon EC2 user guide, "Amazon EC2 On-Demand Instances" quotas and "Spot Instance quotas".
 */
const CODES: Readonly<Record<string, Pick<VcpuQuota, 'families' | 'purchase'>>> = {
  'L-1216C47A': { families: ['a', 'c', 'd', 'h', 'i', 'm', 'r', 't', 'z'], purchase: 'on-demand' },
  'L-DB2E81BA': { families: ['g', 'vt'], purchase: 'on-demand' },
  'L-417A185B': { families: ['p'], purchase: 'on-demand' },
  'L-1945791B': { families: ['inf'], purchase: 'on-demand' },
  'L-2C3B7624': { families: ['trn'], purchase: 'on-demand' },
  'L-7295265B': { families: ['x'], purchase: 'on-demand' },
  'L-74FC7D96': { families: ['f'], purchase: 'on-demand' },
  'L-34B43A08': { families: ['a', 'c', 'd', 'h', 'i', 'm', 'r', 't', 'z'], purchase: 'spot' },
  'L-3819A6DF': { families: ['g', 'vt'], purchase: 'spot' },
  'L-7212CCBC': { families: ['p'], purchase: 'spot' },
};

/** Undefined when Service Quotas may not be read: then the plan says "unknown", it does not guess. */
export async function readVcpuQuotas(client: ServiceQuotasClient): Promise<VcpuQuota[] | undefined> {
  try {
    return (await listVcpuQuotas(client)).flatMap(({ QuotaCode = '', Value: limit }) => {
      const known = CODES[QuotaCode];
      return known === undefined || limit === undefined ? [] : [{ ...known, quotaCode: QuotaCode, limit }];
    });
  } catch (error) {
    if (isBusy(error)) throw error;
    return undefined;
  }
}

/** The same quotas as Service Quotas lists them. */
export async function listVcpuQuotas(client: ServiceQuotasClient): Promise<ServiceQuota[]> {
  const found: ServiceQuota[] = [];
  for await (const page of paginateListServiceQuotas({ client, pageSize: 100 }, { ServiceCode: 'ec2' }))
    found.push(...(page.Quotas ?? []).filter(({ QuotaCode = '' }) => QuotaCode in CODES));
  return found;
}
