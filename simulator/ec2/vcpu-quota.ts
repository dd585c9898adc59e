/**
 * The vCPU limits of running instances, one per family of types and market.
 * Source: Amazon EC2 user guide, ec2-on-demand-instances "On-Demand Instance quotas" and using-spot-limits. The codes are
 * those of Service Quotas.
 */
import type { ServiceQuota } from '@aws-sdk/client-service-quotas';

/** Quota codes by the letters a type begins with: On-Demand, Spot. */
const CODES: readonly (readonly [pattern: RegExp, onDemand: string, spot: string])[] = [
  [/^u-/, 'L-43DA4232', ''],
  [/^(inf)/, 'L-1945791B', 'L-B5D1601B'],
  [/^(trn)/, 'L-2C3B7624', 'L-6B0D517C'],
  [/^(dl)/, 'L-6E869C2A', 'L-85EED4F7'],
  [/^(hpc)/, 'L-F7808C92', ''],
  [/^(mac)/, '', ''],
  [/^(f)\d/, 'L-74FC7D96', 'L-88CF9481'],
  [/^(g|vt)\d/, 'L-DB2E81BA', 'L-3819A6DF'],
  [/^(p)\d/, 'L-417A185B', 'L-7212CCBC'],
  [/^(x)\d/, 'L-7295265B', 'L-E3A00192'],
  [/^(a|c|d|h|i|m|r|t|z|im|is)\d/, 'L-1216C47A', 'L-34B43A08'],
];

export interface VcpuUse {
  readonly instanceType: string;
  readonly spot: boolean;
  readonly vcpus: number;
}

export class VcpuQuota {
  /** Only what the capture lists; a quota that it does not list is unknown and sets no limit. */
  readonly #limits = new Map<string, number>();
  readonly #used = new Map<string, number>();

  constructor(quotas: readonly ServiceQuota[]) {
    for (const quota of quotas) {
      if (quota.QuotaCode !== undefined && quota.Value !== undefined && quota.ServiceCode !== 'fargate') {
        this.#limits.set(quota.QuotaCode, quota.Value);
      }
    }
  }

  /** EC2's message when this instance would exceed its limit. */
  refusal(use: VcpuUse): string | undefined {
    const code = codeOf(use);
    const limit = this.#limits.get(code);
    if (limit === undefined || (this.#used.get(code) ?? 0) + use.vcpus <= limit) return undefined;
    return use.spot
      ? 'Max spot instance count exceeded'
      : `You have requested more vCPU capacity than your current vCPU limit of ${limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`;
  }

  take(use: VcpuUse): void {
    this.#change(use, use.vcpus);
  }

  release(use: VcpuUse): void {
    this.#change(use, -use.vcpus);
  }

  #change(use: VcpuUse, by: number): void {
    const code = codeOf(use);
    this.#used.set(code, (this.#used.get(code) ?? 0) + by);
  }
}

function codeOf({ instanceType, spot }: VcpuUse): string {
  const found = CODES.find(([pattern]) => pattern.test(instanceType));
  return (spot ? found?.[2] : found?.[1]) ?? '';
}
