/** `rollover plan --capture`: the plan of an own cluster before anything is deployed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPlanInput } from '../../cli/plan.ts';
import { preview } from '../../cli/preview/preview.ts';
import { previewText } from '../../cli/preview/text.ts';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE, PUBLIC_PARAMETER } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec } from '../../rehearsal/clusters/spec.ts';
import { asJson, captureOf } from '../support/captured-account.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';

const EXAMPLE = join(import.meta.dirname, '../../rehearsal/example/capture.json');
const CLUSTER: ClusterSpec = {
  groups: [{ name: 'web', hosts: 3, imageReference: NEW_IMAGE }],
  services: [{ name: 'api', desired: 6, cpu: 256, memoryMiB: 512 }],
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollover-plan-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(json: unknown, name = 'capture.json'): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(json));
  return file;
}

describe('a plan of a capture', () => {
  it('is what the deployed product answers to a plan', async () => {
    const json = JSON.parse(readFileSync(EXAMPLE, 'utf8'));
    const shown = await preview(readPlanInput({ capture: EXAMPLE }));
    const { result } = await rehearseCapture(json, { request: { cluster: 'prod', mode: 'plan' } });

    expect(shown).toMatchObject({
      cluster: 'prod',
      optedIn: true,
      outcome: result.outcome,
      reason: result.reason,
      predicted: result.predicted,
      taskCount: result.tasks.total,
    });
    expect(shown.findings.map(({ message }) => message)).toEqual(
      result.findings.map(({ message }) => message),
    );
    expect(shown.groups.flatMap(({ outdated }) => outdated)).toHaveLength(result.instances.outdated);
    const text = previewText(shown);
    expect(text).toMatch(/SUCCEEDED: a run would replace 12 hosts/);
    expect(text).toMatch(/prod-ecs-hosts: 12 hosts to ami-\w+ \(launch-template\)/);
    expect(text).toMatch(/predicted +.*90 moves of 90 tasks/);
  });

  it('needs no opt-in, and says so', async () => {
    const { capture } = await captureOf(buildCapture({ ...CLUSTER, enabled: null }));
    const shown = await preview(readPlanInput({ capture: fileOf(asJson(capture)) }));
    expect(shown).toMatchObject({ optedIn: false, outcome: 'SUCCEEDED' });
    expect(previewText(shown)).toMatch(/has not opted in/);
  });

  it('takes image and settings of a request', async () => {
    const capture = fileOf(buildCapture({ ...CLUSTER, groups: [{ name: 'web', hosts: 3 }] }));
    const nothing = await preview(readPlanInput({ capture }));
    expect(nothing.outcome).toBe('NOTHING_TO_DO');
    const request = JSON.stringify({ image: `ssm:${PUBLIC_PARAMETER}`, settings: { surge: 1 } });
    const shown = await preview(readPlanInput({ capture, request }));
    expect(shown.groups).toMatchObject([{ imageIds: [NEW_IMAGE], surge: 1, outdated: { length: 3 } }]);
  });

  it('names what would be refused, with what to change', async () => {
    const capture = fileOf(
      buildCapture({
        ...CLUSTER,
        services: [{ name: 'db', desired: 3, minimumHealthyPercent: 100, maximumPercent: 100 }],
      }),
    );
    const shown = await preview(readPlanInput({ capture }));
    expect(shown.outcome).toBe('REFUSED');
    expect(previewText(shown)).toMatch(/blocks +.*db.* → .*maximumPercent/);
  });
});

describe('input that cannot be used is refused with every problem', () => {
  it.each([
    ['a file that is not there', { capture: '/nowhere/capture.json' }, /--capture \/nowhere.*cannot be read/],
    ['a request that is no JSON', { capture: EXAMPLE, request: '{' }, /--request.*not JSON/],
    ['an unknown key', { capture: EXAMPLE, request: '{"imgae": "x"}' }, /--request.*imgae/],
    ['settings that do not exist', { capture: EXAMPLE, settings: '{"surgee": 1}' }, /--settings.*surgee/],
  ])('%s', (_, options, said) => {
    expect(() => readPlanInput(options)).toThrow(said);
  });

  it('a capture of several clusters, of which none is named', () => {
    const json = asJson(buildCapture(CLUSTER)) as { ecs: { clusters: object[] } };
    json.ecs.clusters.push({ clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/other' });
    const capture = fileOf(json, 'two.json');
    expect(() => readPlanInput({ capture })).toThrow(/--cluster: is missing; the capture holds prod, other/);
    expect(readPlanInput({ capture, cluster: 'prod' }).request.cluster).toBe('prod');
  });
});
