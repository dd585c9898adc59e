/**
 * I7: every skip, hold and stop has a machine-readable reason and a notification. From outside: a host that should have
 * been replaced, or was skipped as not ours, and is still there when the run has ended was named in a notification, and
 * stands with a reason in a custom event, in a notification that is JSON, or in the ledger. A run that ends otherwise than by having done its
 * work says so in a notification.
 */
import type { CallObservation, Observation } from '../../simulator/observation.ts';
import { inputOf, isLedgerWrite } from './calls.ts';
import { type CheckerFactory, isOurs, tookEffect, Verdicts } from './checker.ts';

/** Ends at which some hosts stay and each of them needs its reason; at the others the run's own reason says it. */
const ENDS_HOST_BY_HOST = new Set(['PARTIAL', 'SUCCEEDED', 'NOTHING_TO_DO']);
const ENDS_THAT_ARE_TOLD = new Set([
  'PARTIAL',
  'REFUSED',
  'PENDING_WINDOW',
  'ROLLED_BACK',
  'ABORTED',
  'FAILED',
]);

export const holdsHaveAReason: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I7', context.startedAtMs);
  const notifications: string[] = [];
  /** Hosts that stand somewhere with a reason. */
  const reasoned = new Set<string>();

  function takeUp(observation: Observation): void {
    if (observation.kind === 'notification') {
      notifications.push(`${observation.subject ?? ''}\n${observation.message}`);
      findReasons(parsed(observation.message), reasoned);
    } else if (observation.kind === 'event' && observation.source === 'ecs-rollover') {
      findReasons(observation.detail, reasoned);
    } else if (observation.kind === 'call' && isRecord(observation)) {
      findReasons(plain(inputOf(observation)), reasoned);
    }
  }

  /** Hosts of the cluster that run another image and are not ours to replace: in Standby, or of another manager's group. */
  function skipped(): string[] {
    return [...context.chronicle.hosts.values()]
      .filter(
        (host) =>
          host.wasThereAtStart && host.cluster === context.cluster && !context.targetImages.has(host.image),
      )
      .filter(({ group, instanceId }) => context.handsOff.has(instanceId) || !context.groups.has(group ?? ''))
      .map(({ instanceId }) => instanceId);
  }

  return {
    invariant: 'I7',
    violations: verdicts.violations,
    observe: takeUp,
    end(truth, ending) {
      if (ending.mode === 'plan' || ending.stillRunning) return;
      if (
        ENDS_THAT_ARE_TOLD.has(ending.outcome) &&
        !notifications.some((text) => text.includes(ending.outcome))
      ) {
        verdicts.add(truth.nowMs, 'ending', `the run ended ${ending.outcome} and no notification says so`);
      }
      // A game day is about tasks: no host is to be replaced.
      if (!ENDS_HOST_BY_HOST.has(ending.outcome) || ending.mode === 'game-day') return;
      for (const instanceId of [...context.outdated, ...skipped()]) {
        const host = context.chronicle.hosts.get(instanceId);
        if (!host?.isUp) continue;
        if (!reasoned.has(instanceId)) {
          const text = `${instanceId} was not replaced and no event, notification or record gives a reason for it`;
          verdicts.add(truth.nowMs, `reason ${instanceId}`, text);
        }
        if (!notifications.some((text) => text.includes(instanceId))) {
          const text = `${instanceId} was not replaced and no notification names it`;
          verdicts.add(truth.nowMs, `notification ${instanceId}`, text);
        }
      }
    },
  };
};

function isRecord(call: CallObservation): boolean {
  const isOwn = isOurs({ kind: 'function', name: call.function });
  return isOwn && isLedgerWrite(call.operation) && tookEffect(call.answer);
}

/** Adds the hosts that share an object with a non-empty `reason`, at whatever depth. */
function findReasons(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  const object = value as Readonly<Record<string, unknown>>;
  const hasReason = [object.reason, object.code].some(
    (reason) => typeof reason === 'string' && reason !== '',
  );
  if (hasReason) for (const instanceId of instanceIdsIn(value)) found.add(instanceId);
  else if (Object.keys(object).some((key) => hasOwnReason(object[key]))) {
    // `{ instanceId, held: { reason } }`: the reason is one level below the host it is about.
    for (const instanceId of instanceIdsIn(Object.values(object).filter((item) => typeof item === 'string')))
      found.add(instanceId);
  }
  for (const item of Object.values(object)) findReasons(item, found);
}

function hasOwnReason(value: unknown): boolean {
  const reason =
    typeof value === 'object' && value !== null && (value as { readonly reason?: unknown }).reason;
  return typeof reason === 'string' && reason !== '';
}

function instanceIdsIn(value: unknown): string[] {
  return JSON.stringify(value).match(/\bi-[0-9a-f]{8,17}\b/g) ?? [];
}

const TYPED: ReadonlySet<string> = new Set(['S', 'N', 'M', 'L', 'BOOL', 'SS']);

/** DynamoDB's attribute values as plain ones (`{S: …}`, `{M: …}`); strings that hold JSON are opened. */
function plain(value: unknown): unknown {
  if (typeof value === 'string') return parsed(value) ?? value;
  if (typeof value !== 'object' || value === null) return value;
  // Nobody reads a reason out of bytes.
  if (value instanceof Uint8Array) return undefined;
  if (Array.isArray(value)) return value.map(plain);
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only && TYPED.has(only[0])) return plain(only[1]);
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]));
}

function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
