import { describe, expect, it } from 'vitest';
import { buildEvidence } from '../../cli/evidence/build.ts';
import type { Evidence, HostEvidence } from '../../cli/evidence/evidence.ts';
import { evidenceHtml } from '../../cli/evidence/html.ts';
import { send } from '../../cli/operate/send.ts';
import { showStatus } from '../../cli/operate/show.ts';
import { survey } from '../../cli/operate/survey.ts';
import { operateOn } from '../support/operated-account.ts';
import { play, readFolder, wrongsOf } from './play.ts';

const AUDIT = 'p37a-what-an-auditor-asks';
const AGE = 'p37b-hosts-grow-old';
const HELD = 'i-00000000000000002';
const EXEMPT = 'i-00000000000000003';
const UNDATED = 'i-00000000000000004';
const HOUR_SECONDS = 3600;
const ofState = ({ clusters }: Evidence, state: HostEvidence['state']) =>
  (clusters[0]?.hosts ?? []).filter((host) => host.state === state);

describe('P37, what an auditor asks', () => {
  it('leaves alone what is exempt, and only calls exempt what has an end', async () => {
    const played = await play(AUDIT, 1);

    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'PARTIAL', instances: { outdated: 4, replaced: 2 } });
    expect(played.result.instances.exempt).toEqual([
      { instanceId: EXEMPT, reason: expect.stringMatching(/^exempt until 2026-12-24: license server/) },
    ]);
    expect(played.held[UNDATED]?.reason).toMatch(/exemption has no end.*rollover:exempt-until/);
    expect(played.held[HELD]?.reason).toContain('standalone task nightly-1');
    for (const id of [EXEMPT, UNDATED]) {
      expect(played.statusesOf(id).map(({ status }) => status)).toEqual(['ACTIVE']);
      expect(played.endedAt(id)).toBeUndefined();
    }
  });

  it('is answered from the ledger of that run', async () => {
    const { capture, scenario } = readFolder(AUDIT);
    const evidence = await operateOn(capture, { settings: scenario.settings }, async ({ until }) => {
      const before = buildEvidence(await survey({ sinceMs: Date.now() - 1, maxLagDays: 3, clusters: [] }));
      expect(ofState(before, 'outdated')).toHaveLength(3);
      expect(before.clusters[0]?.attention.map(({ code }) => code)).not.toContain('host-outdated');
      const sinceMs = Date.now();
      await send({ cluster: 'prod' }, { user: 'alice' });
      await until(async () => JSON.parse(await showStatus('prod', true)).state === 'idle');
      return buildEvidence(await survey({ sinceMs, maxLagDays: 0, clusters: ['prod'] }));
    });

    const [cluster] = evidence.clusters;
    expect(ofState(evidence, 'current')).toHaveLength(2);
    expect(ofState(evidence, 'current')[0]).toMatchObject({ ageDays: 0, lagDays: 0, image: { ageDays: 3 } });
    expect(ofState(evidence, 'held')).toMatchObject([
      {
        instanceId: HELD,
        // Created on 18 November, 20:10; it is the 22nd, noon.
        lagDays: 3,
        ageDays: 52,
        outdatedSince: '2026-11-18T20:10:11Z',
        reason: expect.stringMatching(/^standalone task nightly-1 still runs .* next: the next run tries it/),
      },
    ]);
    expect(ofState(evidence, 'exempt')).toMatchObject([
      { instanceId: EXEMPT, exemptUntil: '2026-12-25T00:00:00Z' },
    ]);
    expect(ofState(evidence, 'kept-out')).toMatchObject([{ instanceId: UNDATED }]);
    expect(cluster?.runs).toMatchObject([
      {
        outcome: 'PARTIAL',
        triggeredBy: { kind: 'command', by: expect.stringMatching(/^alice/) },
        counts: { outdated: 3, replaced: 2, held: 1, keptOut: 1 },
      },
    ]);
    expect(cluster?.attention.map(({ code, instanceId }) => `${code} ${instanceId}`).sort()).toEqual([
      `host-held ${HELD}`,
      `host-kept-out ${UNDATED}`,
    ]);
    expect([evidence.compliant, cluster?.compliant]).toEqual([false, false]);

    const page = evidenceHtml(evidence);
    for (const word of [HELD, EXEMPT, UNDATED, '2026-12-25T00:00:00Z', 'alice', 'PARTIAL'])
      expect(page).toContain(word);
    expect(page).toContain('license server of &lt;ACME&gt; &amp; Co');
    expect(page).not.toMatch(/<ACME>|<script|<link|<img|https?:|url\(/);
  });
});

describe('P37, hosts that grow old', () => {
  it('are replaced a share a day, the others not touched', async () => {
    const played = await play(AGE, 1);

    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { outdated: 2, replaced: 2 } });
    expect(played.oldHosts.filter((id) => played.becameAt(id, 'DRAINING') !== undefined)).toHaveLength(2);
  });

  it('are begun upon by itself, once a day', async () => {
    const { capture } = readFolder(AGE);
    await operateOn(capture, {}, async ({ account, pass }) => {
      const old = new Set(account.truth.hosts().map(({ instanceId }) => instanceId));
      const left = () =>
        account.truth.hosts().filter(({ instanceId, state }) => old.has(instanceId) && state === 'running')
          .length;
      // Virtual time begins at noon.
      await pass(HOUR_SECONDS);
      expect(left()).toBe(6);
      await pass(11 * HOUR_SECONDS);
      expect(left()).toBe(6);
      await pass(HOUR_SECONDS);
      expect(left()).toBe(4);
    });
  });
});
