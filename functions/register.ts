/**
 * New instances: each group's sizes as `assess` decided, in one call.
 *
 * Started by the machine after `assess`; ends in the next act of the step, or the wait. The sizes are absolute, so a
 * repeat changes nothing. A group that is busy with something else is left for the next look.
 */
import { updateGroup } from './aws/auto-scaling-groups.ts';
import { autoScaling } from './aws/clients.ts';
import { describeError, isConflict, isInvalid } from './aws/error-codes.ts';
import { noteSizes } from './aws/ledger/runs.ts';
import { WorldChanged } from './edge/errors.ts';
import { logger } from './edge/logger.ts';
import { nextAct, type RunState, runStateSchema } from './edge/run-state.ts';
import { assertAllowed } from './flow/allowed.ts';
import { fenceOf, ledger } from './flow/claim.ts';
import { handlerOf } from './flow/handler.ts';

async function register(state: RunState): Promise<RunState> {
  const table = ledger();
  const fence = fenceOf(table, state);
  await assertAllowed(table, state);
  const refused: string[] = [];
  for (const { autoScalingGroupName, minSize, maxSize, desiredCapacity } of state.step.register) {
    await noteSizes(table, state.runId, autoScalingGroupName, { minSize, maxSize });
    await fence();
    try {
      await updateGroup(autoScaling, {
        AutoScalingGroupName: autoScalingGroupName,
        MinSize: minSize,
        MaxSize: maxSize,
        DesiredCapacity: desiredCapacity,
      });
    } catch (error) {
      // Gone, or in the middle of an activity: not what the step was decided on.
      if (!isInvalid(error) && !isConflict(error)) throw error;
      refused.push(`${autoScalingGroupName}: ${describeError(error)}`);
    }
  }
  if (refused.length > 0) {
    logger.warn('groups refused their sizes', { cluster: state.cluster, refused });
    if (refused.length === state.step.register.length) throw new WorldChanged(refused.join('\n'));
  }
  return { ...state, next: nextAct(state.step, 'register') };
}

export const handler = handlerOf(runStateSchema, register);
