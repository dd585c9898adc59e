/** The alarms: when each goes off. What to do then is in docs/runbook.md, a section each. */

export interface AlarmRule {
  /** What has happened, for whoever is woken. */
  readonly description: string;
  /** The value over which (or, with `below`, under which) it goes off. */
  readonly over: number;
  readonly below?: boolean;
  /** Periods of five minutes in a row; one unless given. */
  readonly periods?: number;
  /** What no data means; nothing is wrong unless given. */
  readonly missing?: 'breaching';
}

const MINUTE = 60;

export const ALARMS = {
  EventsSetAside: {
    description: 'Events, or invocations of the sweep, that nobody could work on are set aside.',
    over: 0,
  },
  EventsWait: {
    description: 'An event has waited for more than 15 minutes for its function.',
    over: 15 * MINUTE,
  },
  SweepSilent: {
    description:
      'The sweep has not run for 15 minutes: nothing is polled, and nothing is given back after a crash.',
    over: 1,
    below: true,
    periods: 3,
    missing: 'breaching',
  },
  SweepFails: { description: 'The sweep failed three times in a row.', over: 0, periods: 3 },
  RestoreFails: {
    description: 'Giving back what a run touched has failed for 15 minutes: a cluster may stand changed.',
    over: 0,
    periods: 3,
  },
  FunctionsThrottled: {
    description: 'Lambda has refused invocations for 15 minutes: the account has no concurrency left.',
    over: 0,
    periods: 3,
  },
  RunNotGreen: {
    description: 'A rollover ended otherwise than SUCCEEDED, NOTHING_TO_DO or PENDING_WINDOW.',
    over: 0,
  },
  RunStopped: { description: 'Somebody stopped an execution; what it touched is given back.', over: 0 },
  HostsHeld: { description: 'Hosts are held: something keeps them from being emptied.', over: 0, periods: 3 },
  NoticeNear: {
    description: 'AWS retires or maintains something within 24 hours, and it is not replaced yet.',
    over: 24,
    below: true,
  },
} as const satisfies Readonly<Record<string, AlarmRule>>;

export type AlarmName = keyof typeof ALARMS;
