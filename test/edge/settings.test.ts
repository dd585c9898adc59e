import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imageSourceFor, settingsFor } from '../../functions/core/settings.ts';
import { DEFAULT_SETTINGS, parseSettings, resolveSettings } from '../../functions/edge/settings.ts';
import { settingsPage } from '../../functions/edge/settings-docs.ts';
import { kebabName, SETTING_NAMES, settingRow } from '../../functions/edge/settings-table.ts';
import { readFreeze, readWindow } from '../../functions/edge/time-windows-syntax.ts';

describe('the table of settings', () => {
  it('has the defaults of the contract', () => {
    expect(DEFAULT_SETTINGS).toEqual({
      surge: { percent: 100 },
      surgeMaxInstances: 100,
      maxTasksInMotionPercent: 25,
      canaryInstances: 1,
      bakeSeconds: 300,
      registrationTimeoutSeconds: 600,
      drainTimeoutSeconds: 1800,
      standaloneTasks: 'wait',
      standaloneTimeoutSeconds: 14_400,
      protectedTasks: 'wait',
      protectedTimeoutSeconds: 43_200,
      onDrainTimeout: 'hold',
      alarms: [],
      imageSource: 'launch-template',
      imageOwners: ['amazon', 'self'],
      minImageAgeHours: 0,
      instanceAgeSpreadDays: 7,
      raiseMaxSize: true,
      windows: [],
      freezes: [],
      approval: 'none',
      approvalTimeoutHours: 24,
      onRebootMaintenance: 'replace',
      onNetworkMaintenance: 'wait',
      onPowerMaintenance: 'replace',
      servicesAtOnce: 3,
      deadlineMarginHours: 24,
    });
  });

  it('is what docs/settings.md shows (renew: node functions/edge/settings-docs.ts > docs/settings.md)', () => {
    const page = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');
    expect(page).toBe(settingsPage());
  });

  it.each(SETTING_NAMES)('documents %s with a sentence', (name) => {
    expect(settingRow(name).documentation).toMatch(/^[A-Z].*[.?]$/);
    expect(kebabName(name)).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });
});

describe('parseSettings', () => {
  it.each<[string, unknown, unknown]>([
    ['surge', '50%', { percent: 50 }],
    ['surge', '10pct', { percent: 10 }],
    ['surge', 3, { count: 3 }],
    ['maxHeldInstances', 'unlimited', undefined],
    ['maxHeldInstances', 0, 0],
    ['maxInstanceAgeDays', 'none', undefined],
    ['alarms', 'errors', ['errors']],
    ['imageOwners', ['amazon', '111122223333'], ['amazon', '111122223333']],
    ['imageSource', { web: 'ami-0a' }, { web: 'ami-0a' }],
    ['after', { cluster: 'staging', soakHours: 24 }, { cluster: 'staging', soakHours: 24 }],
    [
      'freezes',
      '2026-12-24',
      [{ text: '2026-12-24', from: '2026-12-24', to: '2026-12-24', timeZone: 'UTC' }],
    ],
  ])('reads %s %j', (name, written, read) => {
    expect(parseSettings({ [name]: written })).toEqual({ ok: true, value: { [name]: read } });
  });

  it.each<[string, unknown, string]>([
    ['surge', '0%', 'settings.surge'],
    ['surge', '101%', 'settings.surge'],
    ['surge', 0, 'settings.surge'],
    ['surge', 1.5, 'settings.surge'],
    ['surge', '3', 'settings.surge'],
    ['surge', null, 'settings.surge'],
    ['bakeSeconds', '300', 'settings.bakeSeconds'],
    ['bakeSeconds', 0.5, 'settings.bakeSeconds'],
    ['maxTasksInMotionPercent', 0, 'settings.maxTasksInMotionPercent'],
    ['maxTasksInMotionPercent', 101, 'settings.maxTasksInMotionPercent'],
    ['maxHeldInstances', -1, 'settings.maxHeldInstances'],
    ['standaloneTasks', 'kill', 'settings.standaloneTasks'],
    ['raiseMaxSize', 'true', 'settings.raiseMaxSize'],
    ['imageOwners', ['me'], 'settings.imageOwners[0]'],
    ['imageSource', 'latest', 'settings.imageSource'],
    ['imageSource', ['ami-0a'], 'settings.imageSource'],
    ['imageSource', { web: 7 }, 'settings.imageSource.web'],
    ['windows', ['Tue 02:00-05:00'], 'settings.windows[0]'],
    ['freezes', '2026-02-30', 'settings.freezes[0]'],
    ['after', { cluster: 'staging' }, 'settings.after.soakHours'],
    ['notificationTopicArn', 'topic', 'settings.notificationTopicArn'],
    ['surgeMaxInstance', 1, 'settings.surgeMaxInstance'],
  ])('refuses %s %j at %s', (name, written, path) => {
    const parsed = parseSettings({ [name]: written });
    expect(parsed).toMatchObject({ ok: false, problems: [expect.stringContaining(`${path}: `)] });
  });
});

describe('resolveSettings', () => {
  const settled = (sources: Parameters<typeof resolveSettings>[0]) => {
    const { settings, problems } = resolveSettings(sources);
    expect(problems).toEqual([]);
    return settings;
  };

  it('lets the later layer win: deployment, cluster tags, group tags, request', () => {
    const deployment = { bakeSeconds: 1 };
    const clusterTags = { 'rollover:bake-seconds': '2' };
    const groupTags = { web: { 'rollover:bake-seconds': '3' }, jobs: {} };
    const request = { bakeSeconds: 4 };
    expect(settled({ deployment }).bakeSeconds).toBe(1);
    expect(settled({ deployment, clusterTags }).bakeSeconds).toBe(2);
    expect(settled({ deployment, clusterTags, request }).bakeSeconds).toBe(4);
    const tagged = settled({ deployment, clusterTags, groupTags });
    expect(tagged.bakeSeconds).toBe(2);
    expect(settingsFor(tagged, 'web').bakeSeconds).toBe(3);
    expect(settingsFor(tagged, 'jobs').bakeSeconds).toBe(2);
    expect(settingsFor(settled({ deployment, clusterTags, groupTags, request }), 'web').bakeSeconds).toBe(4);
  });

  it('lets a later layer take a limit away', () => {
    const settings = settled({
      deployment: { maxHeldInstances: 3 },
      request: { maxHeldInstances: 'unlimited' },
    });
    expect('maxHeldInstances' in settings).toBe(false);
  });

  it('reads every tag form', () => {
    const settings = settled({
      clusterTags: {
        Name: 'not ours',
        'rollover:enabled': 'true',
        'rollover:surge': '10pct',
        'rollover:windows-2': 'Sat+Sun 01:00-03:00 UTC',
        'rollover:windows': 'Tue 02:00-05:00 Europe/Berlin',
        'rollover:raise-max-size': 'false',
        'rollover:image-owners': 'amazon 111122223333',
        'rollover:alarms': 'errors high',
        'rollover:alarms-2': 'latency',
        'rollover:after': 'staging 24h',
        'rollover:max-held-instances': 'unlimited',
        'rollover:image-source': 'ssm:/golden/image',
      },
    });
    expect(settings).toMatchObject({
      surge: { percent: 10 },
      windows: [{ text: 'Tue 02:00-05:00 Europe/Berlin' }, { text: 'Sat+Sun 01:00-03:00 UTC' }],
      raiseMaxSize: false,
      imageOwners: ['amazon', '111122223333'],
      alarms: ['errors high', 'latency'],
      after: { cluster: 'staging', soakHours: 24 },
      imageSource: 'ssm:/golden/image',
    });
  });

  it.each<[Record<string, string>, string]>([
    [
      { 'rollover:drain-timeout': '60' },
      'cluster tags, rollover:drain-timeout: is not known here; did you mean drain-timeout-seconds?',
    ],
    [{ 'rollover:surge-2': '10pct' }, 'cluster tags, rollover:surge-2: is not known here'],
    [{ 'rollover:bake-seconds': 'long' }, 'cluster tags, rollover:bake-seconds: must be a whole number'],
    [{ 'rollover:windows-2': 'Tue' }, 'cluster tags, rollover:windows-2[0]: must read like'],
  ])('refuses the tag %j', (clusterTags, problem) => {
    const { problems } = resolveSettings({ clusterTags });
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it("refuses a cluster's setting in the tags of a group", () => {
    const { problems } = resolveSettings({
      groupTags: { web: { 'rollover:windows': 'daily 01:00-02:00 UTC' } },
    });
    expect(problems).toEqual([
      'tags of web, rollover:windows: must be a tag of the cluster, since it concerns all its groups',
    ]);
  });

  it('gives each group its image source, an object speaking only of the groups that it names', () => {
    const settings = settled({
      deployment: { imageSource: 'ssm:/all' },
      groupTags: { web: {}, jobs: { 'rollover:image-source': 'ami-0a' }, gpu: {} },
      request: { imageSource: { gpu: 'ami-0b' } },
    });
    expect(['web', 'jobs', 'gpu'].map((group) => imageSourceFor(settings, group))).toEqual([
      'ssm:/all',
      'ami-0a',
      'ami-0b',
    ]);
  });

  it('lets Windows hosts register longer unless somebody says how long', () => {
    const groupTags = { web: {}, win: {} };
    const settings = settled({ groupTags, windowsGroups: ['win'] });
    expect(settingsFor(settings, 'web').registrationTimeoutSeconds).toBe(600);
    expect(settingsFor(settings, 'win').registrationTimeoutSeconds).toBe(1800);
    const chosen = settled({
      groupTags,
      windowsGroups: ['win'],
      deployment: { registrationTimeoutSeconds: 900 },
    });
    expect(settingsFor(chosen, 'win').registrationTimeoutSeconds).toBe(900);
  });

  it('reads each default again from its own tag form', () => {
    for (const name of SETTING_NAMES) {
      const row = settingRow(name);
      if (!['number', 'boolean', 'string'].includes(typeof row.default)) continue;
      const text = String(row.default).replace('%', 'pct');
      const clusterTags = { [`rollover:${kebabName(name)}`]: text };
      expect(settled({ clusterTags })[name]).toEqual(DEFAULT_SETTINGS[name]);
    }
  });
});

describe('readWindow', () => {
  it.each([
    ['Tue 02:00-05:00 Europe/Berlin', [2], 120, 300, 'Europe/Berlin'],
    ['Mon-Fri 22:30-02:00 UTC', [1, 2, 3, 4, 5], 1350, 120, 'UTC'],
    ['Fri-Mon 00:00-24:00 America/New_York', [1, 5, 6, 7], 0, 0, 'America/New_York'],
    ['tue,thursday 1:00 - 2:00 UTC', [2, 4], 60, 120, 'UTC'],
    ['Sat+Sun 01:00-03:00 UTC', [6, 7], 60, 180, 'UTC'],
    ['daily 01:00-03:00 UTC', [1, 2, 3, 4, 5, 6, 7], 60, 180, 'UTC'],
  ])('reads %s', (text, weekdays, startMinute, endMinute, timeZone) => {
    expect(readWindow(text)).toEqual({ value: { text, weekdays, startMinute, endMinute, timeZone } });
  });

  it.each([
    'Tue 02:00-05:00',
    'Tue 02:00-05:00 Mars/Olympus',
    'Tyr 02:00-05:00 UTC',
    'Tue 25:00-05:00 UTC',
    'Tue 24:00-05:00 UTC',
    'Tue 02:60-05:00 UTC',
    'Mon-Tue-Wed 02:00-05:00 UTC',
    'Tue 2-5 UTC',
    '',
  ])('refuses %j', (text) => {
    expect(readWindow(text)).toMatchObject({ problem: expect.stringMatching(/^must /) });
  });

  it('answers any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Object.keys(readWindow(text))).toHaveLength(1);
      }),
    );
  });
});

describe('readFreeze', () => {
  it.each(['..', '/', ' to ', ' - '])('takes %j between two dates', (between) => {
    const text = `2026-12-20${between}2027-01-03 Europe/Berlin`;
    expect(readFreeze(text)).toEqual({
      value: { text, from: '2026-12-20', to: '2027-01-03', timeZone: 'Europe/Berlin' },
    });
  });

  it.each(['2027-01-03..2026-12-20', '20 Dec', '2026-13-01', '2026-12-20..2027-01-03 Nowhere'])(
    'refuses %s',
    (text) => {
      expect(readFreeze(text)).toMatchObject({ problem: expect.stringMatching(/^must /) });
    },
  );
});
