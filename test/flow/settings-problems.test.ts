/** A wrong tag of one cluster never stops another, and is told once. */
import { expect, it } from 'vitest';
import { dynamodb } from '../../functions/aws/clients.ts';
import { readSweep } from '../../functions/aws/ledger/sweeps.ts';
import { createTable } from '../../functions/aws/ledger/table.ts';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE, OLD_IMAGE } from '../../rehearsal/clusters/constants.ts';
import { TABLE_NAME } from '../../rehearsal/wiring.ts';
import { asJson, parsed } from '../support/captured-account.ts';
import { operateOn } from '../support/operated-account.ts';

const PARAMETER = '/platform/image';
const SWEEP_SECONDS = 300;

interface Captured {
  ecs: { clusters: object[] };
}

/** `prod` follows a parameter; two others carry tags that cannot be read. */
function estate() {
  const json = asJson(
    buildCapture({
      groups: [{ name: 'web', hosts: 2, imageReference: `resolve:ssm:${PARAMETER}` }],
      services: [{ name: 'api', desired: 4, cpu: 256, memoryMiB: 512 }],
      parameters: { [PARAMETER]: OLD_IMAGE },
    }),
  ) as never as Captured;
  const cluster = (name: string, tags: Readonly<Record<string, string>>) => ({
    clusterArn: `arn:aws:ecs:eu-west-1:111122223333:cluster/${name}`,
    tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
  });
  // Before `prod` in every list, and after it.
  json.ecs.clusters.unshift(cluster('a-broken', { 'rollover:enabled': 'true', 'rollover:surge': 'lots' }));
  json.ecs.clusters.push(cluster('z-misspelt', { 'rollover:enabled': 'ture' }));
  json.ecs.clusters.push(cluster('z-out', { 'rollover:enabled': 'false' }));
  return parsed(json);
}

it('the others are rolled, and people hear of it once', async () => {
  await operateOn(estate(), {}, async ({ account, seen, pass, until }) => {
    await pass(3 * SWEEP_SECONDS);
    account.ssm.put(PARAMETER, NEW_IMAGE);
    const isRolled = () =>
      account.truth.hosts().filter(({ state, imageId }) => state === 'running' && imageId === NEW_IMAGE)
        .length === 2;
    await until(isRolled, 7200);
    await pass(6 * SWEEP_SECONDS);

    const told = seen.flatMap(([one]) =>
      one.kind === 'notification' && one.message.includes('"settings-problem"') ? [one.message] : [],
    );
    expect(told.sort()).toEqual([
      expect.stringMatching(/a-broken.*surge.*lots/),
      expect.stringMatching(/z-misspelt.*must be true or observe, not .*ture/),
    ]);
    const last = await readSweep(createTable(dynamodb, TABLE_NAME));
    expect(Date.now() - (last?.atMs ?? 0)).toBeLessThanOrEqual((SWEEP_SECONDS + 60) * 1000);
    expect(last?.problems).toEqual([]);
  });
});
