/**
 * Hosts that somebody keeps out of rollovers for a while, with two tags of the EC2 instance: until when, and why. Both are
 * needed: an exemption without an end or a reason is the one that nobody remembers.
 */
import type { HostFacts } from '../facts.ts';
import type { Exemption, Finding } from '../plan.ts';

export const EXEMPT_UNTIL_TAG = 'rollover:exempt-until';
export const EXEMPT_REASON_TAG = 'rollover:exempt-reason';

const DAY_MS = 86_400_000;
const A_DAY = /^\d{4}-\d{2}-\d{2}$/;
const A_MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?Z$/;

type Tagged = Pick<HostFacts, 'exemptUntil' | 'exemptReason'>;

/** In force: until when and why. Undefined: no such tags, over, or nobody can say. */
export function taggedExemption(
  { exemptUntil, exemptReason }: Tagged,
  nowMs: number,
): Pick<Exemption, 'reason' | 'untilMs'> | undefined {
  const untilMs = endOf(exemptUntil);
  if (untilMs === undefined || untilMs <= nowMs || !exemptReason?.trim()) return undefined;
  return { reason: `exempt until ${exemptUntil?.trim()}: ${exemptReason.trim()}`, untilMs };
}

/** Tags that cannot be honoured as they are: the host stays, and somebody is told what is missing. */
export function exemptionFindings(
  host: Tagged & Pick<HostFacts, 'instanceId' | 'autoScalingGroupName'>,
): Finding[] {
  const { instanceId, autoScalingGroupName, exemptUntil, exemptReason } = host;
  if (exemptUntil === undefined && exemptReason === undefined) return [];
  const isDated = endOf(exemptUntil) !== undefined;
  if (isDated && exemptReason?.trim()) return [];
  const wanted = isDated
    ? { field: EXEMPT_REASON_TAG, lacks: 'says no reason', remedy: `say why in ${EXEMPT_REASON_TAG}` }
    : {
        field: EXEMPT_UNTIL_TAG,
        lacks: exemptUntil === undefined ? 'has no end' : `ends at "${exemptUntil}", which is no date`,
        remedy: `write a day such as 2026-12-24 into ${EXEMPT_UNTIL_TAG}`,
      };
  return [
    {
      severity: 'blocks',
      scope: 'host',
      code: 'exemption-incomplete',
      instanceId,
      ...(autoScalingGroupName !== undefined && { autoScalingGroupName }),
      field: wanted.field,
      message: `${instanceId} is tagged to be left alone, but its exemption ${wanted.lacks}`,
      remedy: `${wanted.remedy}, or take both tags away`,
    },
  ];
}

/** A day counts to its end, in UTC. */
function endOf(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  const startMs = Date.parse(trimmed);
  if (Number.isNaN(startMs)) return undefined;
  if (A_MOMENT.test(trimmed)) return startMs;
  // Date.parse takes 31 February for a day of March.
  const isDay = A_DAY.test(trimmed) && new Date(startMs).toISOString().startsWith(trimmed);
  return isDay ? startMs + DAY_MS : undefined;
}
