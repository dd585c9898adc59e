/** What is to be done about a host that a notice names. Pure; that it is done is read from EC2, never from a notice. */
import { isOpen, type NoticeEntry, type NoticeState } from './entry.ts';
import type { NoticeKind } from './notice.ts';

/** What the owner of a cluster wants done about maintenance that leaves the host where it is. */
export type MaintenancePolicy = 'replace' | 'wait' | 'tell';

export type MaintenancePolicies = Readonly<
  Record<'instance-reboot' | 'instance-network' | 'instance-power', MaintenancePolicy>
>;

/** A host that a notice names, as EC2 and ECS have it now. */
export interface NamedHost {
  /** EC2's word; undefined: EC2 does not know it (any more). */
  readonly state?: 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';
  /** EC2 shows an event for it that is not over; undefined where that was not read. */
  readonly hasOpenEvent?: boolean;
  /** The cluster that has it as a container instance, among those that opted in. */
  readonly cluster?: string;
  readonly policies?: MaintenancePolicies;
  /** Auto Scaling's word; undefined: no group has it. */
  readonly lifecycleState?: string;
}

export type HostAnswer =
  /** A run is to replace exactly this host. */
  | { readonly act: 'replace'; readonly reason: string }
  | { readonly act: 'none'; readonly state: NoticeState; readonly reason: string };

const WHAT: Readonly<Record<Exclude<NoticeKind, 'fargate-tasks' | 'unknown'>, string>> = {
  'instance-end': 'is stopped or terminated by AWS',
  'instance-reboot': 'is rebooted by AWS',
  'instance-network': 'loses its network for a while',
  'instance-power': 'loses its power for a while',
};

/** Nobody can replace it through its group; a host in Standby may come back. */
function whyNotOurs(lifecycleState: string | undefined): { state?: NoticeState; reason: string } | undefined {
  if (lifecycleState === undefined)
    return { state: 'told', reason: 'no Auto Scaling group has it: its owner has to replace it' };
  if (lifecycleState.endsWith('Standby'))
    return { state: 'left', reason: 'it is in Standby: its owner has to end it, or put it back in service' };
  if (lifecycleState.startsWith('Terminating')) return { reason: 'its group is ending it' };
  return undefined;
}

export function answerForHost(entry: NoticeEntry, host: NamedHost, nowMs: number): HostAnswer {
  const { kind, state, startMs, code } = entry;
  const stays = (next: NoticeState, reason: string): HostAnswer => ({ act: 'none', state: next, reason });
  if (!isOpen(entry)) return stays(state, entry.reason);
  if (kind === 'unknown' || kind === 'fargate-tasks')
    return stays('told', `${code} is not known here: nothing is done about it`);
  if (host.state === 'terminated') return stays('done', 'EC2 says that it is terminated');
  if (host.state === undefined) return stays('done', 'EC2 does not know it any more');
  if (host.state === 'shutting-down') return stays(state, 'EC2 is terminating it');
  if (host.cluster === undefined)
    return stays('told', 'no cluster that opted in has it as a container instance');
  if (entry.saidOver === true && host.hasOpenEvent === false)
    return nowMs < (startMs ?? 0)
      ? stays('cancelled', 'AWS says that it is over before its date, and EC2 shows no event for it any more')
      : stays('done', 'AWS says that it is over, and EC2 shows no event for it any more');
  const isReplaceable = kind === 'instance-end' || host.policies?.[kind] === 'replace';
  const unfit = isReplaceable ? whyNotOurs(host.lifecycleState) : undefined;
  if (unfit !== undefined) return stays(unfit.state ?? state, unfit.reason);
  const isPast = startMs !== undefined && nowMs >= startMs;
  if (isPast && host.hasOpenEvent === false && kind !== 'instance-end')
    return stays('done', 'its date has passed and EC2 shows no event for it any more');
  const policy = kind === 'instance-end' ? 'replace' : (host.policies?.[kind] ?? 'tell');
  const when = startMs === undefined ? '' : ` from ${new Date(startMs).toISOString()} on`;
  const what = `it ${WHAT[kind]}${when}`;
  switch (policy) {
    case 'replace':
      return { act: 'replace', reason: what };
    case 'wait':
      return stays(state, `${what}; by its settings that is waited for`);
    case 'tell':
      return stays('told', `${what}; by its settings nothing is done about it`);
  }
}
