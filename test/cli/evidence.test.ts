/** Evidence for auditors: what must never look right, and how dates are read. What it says of a real run: test/gallery. */
import { describe, expect, it } from 'vitest';
import { BadInput } from '../../cli/bad-input.ts';
import { buildEvidence, type ClusterFacts, type EvidenceFacts } from '../../cli/evidence/build.ts';
import { evidenceHtml } from '../../cli/evidence/html.ts';
import { evidenceText } from '../../cli/evidence/text.ts';
import { readOptions } from '../../cli/report.ts';
import type { HistoryEntry } from '../../functions/aws/ledger/notes.ts';
import type { Run } from '../../functions/aws/ledger/runs.ts';
import type { HostFacts } from '../../functions/core/facts.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import type { NoticeEntry } from '../../functions/core/notices/entry.ts';
import { planContext } from '../../functions/core/plan/context.ts';
import { makePlan } from '../../functions/core/plan/make-plan.ts';
import type { Settings } from '../../functions/core/settings.ts';
import { DEFAULT_SETTINGS } from '../../functions/edge/settings.ts';
import { group, host, image, NEW, NOW_MS, OLD, template, world } from '../core/plan/world.ts';

const DAY_MS = 86_400_000;

interface Given {
  readonly hosts?: readonly HostFacts[];
  readonly settings?: Partial<Settings>;
  readonly held?: readonly HostMemory[];
  readonly cluster?: Partial<ClusterFacts>;
  readonly facts?: Partial<EvidenceFacts>;
  readonly target?: string;
}

function evidenceOf({
  hosts = [onTarget(1)],
  settings = {},
  held = [],
  cluster,
  facts,
  target = NEW,
}: Given) {
  const inForce = { ...DEFAULT_SETTINGS, ...settings };
  const { memory, ...base } = world();
  const seen = {
    ...base,
    memory,
    hosts,
    tasks: [],
    groups: [group({ templates: [template({ imageId: target, imageReference: target })] })],
  };
  const planFacts = {
    ...PLAN_FACTS,
    images: [image(), image({ imageId: OLD, createdAtMs: NOW_MS - 80 * DAY_MS })],
  };
  const request = { mode: 'plan' };
  const look = {
    context: planContext(seen, planFacts, inForce, request, NOW_MS),
    plan: makePlan(seen, planFacts, inForce, request, NOW_MS),
  };
  const last = {
    record: { runId: 'run-1' },
    memory: { ...memory, phase: 'closed', hosts: held },
  } as unknown as Run;
  return buildEvidence({
    nowMs: NOW_MS,
    sinceMs: NOW_MS - 30 * DAY_MS,
    untilMs: NOW_MS,
    maxLagDays: 0,
    quarantine: [],
    notices: [],
    clusters: [
      {
        cluster: 'prod',
        clusterArn: 'arn:prod',
        optIn: 'roll',
        look,
        last,
        pending: [],
        history: [],
        ...cluster,
      },
    ],
    ...facts,
  });
}

const PLAN_FACTS = {
  accountId: '111122223333',
  instanceTypes: [],
  parameters: [],
  templates: [],
  sharedTemplates: [],
  targetGroups: [],
  digests: {},
  serviceDigests: {},
  quarantine: [],
  pastRuns: [],
  managedInstanceProviders: ['managed'],
  warmPoolInstanceIds: [],
};
const onTarget = (number: number, over: Partial<HostFacts> = {}) =>
  host(number, { imageId: NEW, launchTimeMs: NOW_MS - 5 * DAY_MS, ...over });
const run = (outcome: string, over: Partial<HistoryEntry> = {}) =>
  ({
    cluster: 'prod',
    runId: 'run-1',
    startedAtMs: NOW_MS - 2 * DAY_MS,
    endedAtMs: NOW_MS - DAY_MS,
    ending: { outcome, reason: 'why' },
    imageIds: [NEW],
    ...over,
  }) as HistoryEntry;
const notice = (over: Partial<NoticeEntry>): NoticeEntry => ({
  account: '111122223333',
  region: 'eu-west-1',
  eventArn: 'arn:event',
  code: 'AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED',
  kind: 'instance-end',
  entity: { of: 'instance', instanceId: 'i-01' },
  state: 'seen',
  reason: 'announced',
  firstSeenMs: NOW_MS - 10 * DAY_MS,
  announcedMs: NOW_MS - 10 * DAY_MS,
  updatedMs: NOW_MS - 10 * DAY_MS,
  cluster: 'prod',
  ...over,
});
const codes = (given: Given) => evidenceOf(given).clusters[0]?.attention.map(({ code }) => code);

describe('a cluster of which an auditor need not ask', () => {
  it.each<[string, Given]>([
    ['all its hosts on the target', {}],
    [
      'a host that another service replaces',
      { hosts: [onTarget(1), host(2, { capacityProviderName: 'managed' })] },
    ],
    ['a host that goes', { hosts: [onTarget(1), host(2, { lifecycleState: 'Terminating:Wait' })] }],
    [
      'an exemption with an end',
      { hosts: [host(1, { exemptUntil: '2026-12-24', exemptReason: 'appliance' })] },
    ],
    ['a bad run that a good one followed', { cluster: { history: [run('FAILED'), run('SUCCEEDED')] } }],
    ['a run that waits for its window', { cluster: { history: [run('PENDING_WINDOW')] } }],
    ['a notice that was answered', { facts: { notices: [notice({ state: 'done', startMs: NOW_MS - 1 })] } }],
    ['a notice whose day is to come', { facts: { notices: [notice({ startMs: NOW_MS + DAY_MS })] } }],
    // The target of world.ts is ten days old.
    ['a host behind by less than is accepted', { hosts: [host(1)], facts: { maxLagDays: 10 } }],
  ])('has %s', (_, given) => {
    expect(codes(given)).toEqual([]);
    expect(evidenceOf(given).compliant).toBe(true);
  });
});

describe('a cluster that is never compliant', () => {
  const held = {
    reason: 'api moved no task',
    service: 'api',
    message: 'exit code 1',
    sinceMs: 0,
    attempts: 2,
  };

  it.each<[string, Given, string]>([
    ['a host on an older image', { hosts: [host(1)] }, 'host-outdated'],
    ['a host above the age limit', { settings: { maxInstanceAgeDays: 3 } }, 'host-too-old'],
    [
      'a held host, whatever lag is accepted',
      {
        hosts: [host(1)],
        held: [{ instanceId: 'i-01', role: 'outdated', held }],
        facts: { maxLagDays: 9999 },
      },
      'host-held',
    ],
    [
      'a host that a finding keeps out',
      { hosts: [host(1, { apiTerminationProtected: true })] },
      'host-kept-out',
    ],
    [
      'an exemption that does not end',
      { hosts: [host(1, { lifecycleState: 'Standby' })] },
      'exemption-without-end',
    ],
    ['a tag without an end', { hosts: [host(1, { exemptReason: 'appliance' })] }, 'host-kept-out'],
    ['no known target', { target: 'ami-0gone' }, 'target-unknown'],
    [
      'a target in quarantine',
      { facts: { quarantine: [{ imageId: NEW, reason: 'tasks died', atMs: NOW_MS - DAY_MS }] } },
      'target-quarantined',
    ],
    ['a last run that ended badly', { cluster: { history: [run('ROLLED_BACK')] } }, 'run-ended-badly'],
    ['a notice that was missed', { facts: { notices: [notice({ state: 'missed' })] } }, 'notice-missed'],
    ['a notice that is overdue', { facts: { notices: [notice({ startMs: NOW_MS - 1 })] } }, 'notice-overdue'],
    ['not been read', { cluster: { look: 'AccessDenied' } }, 'cluster-unreadable'],
  ])('has %s', (_, given, code) => {
    // The missed one counts in the period.
    const evidence = evidenceOf({ ...given, facts: { sinceMs: 0, ...given.facts } });
    expect(evidence.clusters[0]?.attention.map((one) => one.code)).toContain(code);
    expect([evidence.compliant, evidence.clusters[0]?.compliant]).toEqual([false, false]);
    expect(evidenceText(evidence)).toContain(code);
    expect(evidenceHtml(evidence)).toContain(code);
  });
});

describe('evidence', () => {
  it('says of an exemption without an end that it does not expire', () => {
    const evidence = evidenceOf({ hosts: [host(1, { lifecycleState: 'Standby' })] });
    expect(evidence.clusters[0]?.hosts[0]).toMatchObject({ state: 'exempt', exemptUntil: null });
    expect(evidenceHtml(evidence)).toContain('does not expire');
  });

  it('has the runs and notices of its period, the newest run first', () => {
    const history = [
      run('SUCCEEDED', { runId: 'too-early', endedAtMs: NOW_MS - 31 * DAY_MS }),
      run('SUCCEEDED', { runId: 'first' }),
      run('SUCCEEDED', { runId: 'second', approvedBy: { by: 'bob', atMs: NOW_MS - DAY_MS } }),
    ];
    const notices = [
      notice({ eventArn: 'open-since-long', firstSeenMs: 0, updatedMs: 0 }),
      notice({ eventArn: 'done-long-ago', state: 'done', firstSeenMs: 0, updatedMs: 0 }),
      notice({ eventArn: 'of-another', cluster: 'dev' }),
    ];
    const { clusters, otherNotices } = evidenceOf({ cluster: { history }, facts: { notices } });
    expect(clusters[0]?.runs.map(({ runId }) => runId)).toEqual(['second', 'first']);
    expect(clusters[0]?.runs[0]?.approvedBy).toEqual({ by: 'bob', at: '2026-11-21T12:00:00Z' });
    expect(clusters[0]?.notices.map(({ eventArn }) => eventArn)).toEqual(['open-since-long']);
    expect(otherNotices.map(({ eventArn }) => eventArn)).toEqual(['of-another']);
  });

  it('escapes whatever people and AWS have written', () => {
    const nasty = '<img src=x onerror="alert(1)">';
    const page = evidenceHtml(
      evidenceOf({
        hosts: [host(1, { exemptUntil: '2026-12-24', exemptReason: nasty })],
        cluster: {
          cluster: nasty,
          clusterArn: nasty,
          history: [run('FAILED', { runId: nasty, reason: nasty })],
        },
        facts: { notices: [notice({ cluster: nasty, reason: nasty, eventArn: nasty })] },
        settings: { imageOwners: [nasty] },
      }),
    );
    expect(page).not.toContain('<img');
    expect(page.split('&lt;img').length).toBeGreaterThan(6);
  });
});

describe('the period', () => {
  const read = (since: string, until?: string, maxLagDays = '0') =>
    readOptions({ since, ...(until !== undefined && { until }), maxLagDays }, NOW_MS);

  it('takes days of UTC, the last one whole, and moments', () => {
    expect(read('2026-11-01', '2026-11-10')).toMatchObject({
      sinceMs: Date.UTC(2026, 10, 1),
      untilMs: Date.UTC(2026, 10, 11) - 1,
    });
    expect(read('2026-11-01T06:00+01:00')).toMatchObject({ sinceMs: Date.UTC(2026, 10, 1, 5) });
    expect(read('2026-11-22', '2026-11-22').untilMs).toBe(NOW_MS);
  });

  it.each([
    ['yesterday', undefined, '0', '--since'],
    ['2026-02-30', undefined, '0', '--since'],
    ['2026-11-01T06:00', undefined, '0', '--since'],
    ['2026-11-01', 'now', '0', '--until'],
    ['2026-11-10', '2026-11-01', '0', 'before --until'],
    ['2026-12-01', undefined, '0', 'not in the future'],
    ['2026-11-01', undefined, '-1', '--max-lag-days'],
  ])('refuses since %s, until %s, lag %s', (since, until, lag, problem) => {
    expect(() => read(since, until, lag)).toThrow(BadInput);
    expect(() => read(since, until, lag)).toThrow(problem);
  });
});
