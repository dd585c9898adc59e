/** A run longer than one execution may be: Step Functions ends an execution at 25,000 history events. */
import { expect, it } from 'vitest';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import { runScene } from './crashed-run.ts';

const HOUR = 3600;
/** A look a minute: 26 hours are a matter of half a minute, and of `LONG_RUN_HOURS=26`. */
const HOURS = Number(process.env.LONG_RUN_HOURS ?? 3);

it('waits hours for a standalone task, in several executions, as one run without a gap', async () => {
  const { result, wrongs } = await runScene({
    name: 'long',
    seed: 1,
    seconds: (HOURS + 2) * HOUR,
    outcome: 'SUCCEEDED',
    capture: JSON.parse(
      JSON.stringify(
        buildCapture({
          groups: [{ name: 'hosts', hosts: 1 }],
          services: [],
          standalone: [{ family: 'job' }],
        }),
      ),
    ),
    scenario: {
      settings: {
        imageSource: NEW_IMAGE,
        bakeSeconds: 0,
        canaryInstances: 0,
        standaloneTimeoutSeconds: 30 * HOUR,
      },
      faults: [{ kind: 'end-task', atSeconds: HOURS * HOUR, family: 'job', exitCode: 0 }],
    },
    environment: { HISTORY_EVENTS_MAX: '400' },
  });

  expect(wrongs).toEqual([]);
  expect(result.durationSeconds).toBeGreaterThan(HOURS * HOUR);
  expect(result.instances).toMatchObject({ outdated: 1, replaced: 1, held: [] });
  const handedOver = result.notifications.filter(({ kind }) => kind === 'pending_window');
  expect(handedOver.length).toBeGreaterThan(1);
  expect(result.cost.historyEvents).toBeLessThan(1000);
  // One run: begun once, ended once, never taken for dead.
  const kinds = result.notifications.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'started')).toHaveLength(1);
  expect(kinds.filter((kind) => kind === 'succeeded')).toHaveLength(1);
  expect(kinds).not.toContain('aborted');
});
