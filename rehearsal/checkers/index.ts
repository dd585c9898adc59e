/** The list of checkers, and how to run them all over one account. */
import type { Observation } from '../../simulator/observation.ts';
import type { Truth } from '../../simulator/truth.ts';
import type { Violation } from '../result.ts';
import type { CheckContext, Checker, CheckerFactory, JudgedEnding } from './checker.ts';
import type { Change } from './chronicle.ts';
import { desiredIsNotLoweredToRemove } from './i01-desired-is-not-lowered-to-remove.ts';
import { noTaskIsKilled } from './i01-no-task-is-killed.ts';
import { servicesKeepTheirMinimum } from './i02-services-keep-their-minimum.ts';
import { capacityComesFirst } from './i03-capacity-comes-first.ts';
import { knobsAreRestored } from './i04-knobs-are-restored.ts';
import { basesKeepTheirRoom } from './i05-bases-keep-their-room.ts';
import { hostsDrainInMeasuredSteps } from './i05-hosts-drain-in-measured-steps.ts';
import { oneRunPerCluster } from './i06-one-run-per-cluster.ts';
import { holdsHaveAReason } from './i07-holds-have-a-reason.ts';
import { noHostIsLeftBehind } from './i08-no-host-is-left-behind.ts';
import { onlyWhatOptedIn } from './i09-only-what-opted-in.ts';
import { windowsAreKept } from './i10-windows-are-kept.ts';
import { answersAreReadWhole } from './i11-answers-are-read-whole.ts';
import { servicesKeepTheirCode } from './i12-services-keep-their-code.ts';
import { aGameDayStopsOneTask } from './i13-a-game-day-stops-one-task.ts';
import { fewTasksMoveAtATime } from './i13-few-tasks-move-at-a-time.ts';

export const CHECKERS: readonly CheckerFactory[] = [
  noTaskIsKilled,
  desiredIsNotLoweredToRemove,
  servicesKeepTheirMinimum,
  capacityComesFirst,
  knobsAreRestored,
  hostsDrainInMeasuredSteps,
  basesKeepTheirRoom,
  oneRunPerCluster,
  holdsHaveAReason,
  noHostIsLeftBehind,
  onlyWhatOptedIn,
  windowsAreKept,
  answersAreReadWhole,
  servicesKeepTheirCode,
  fewTasksMoveAtATime,
  aGameDayStopsOneTask,
];

/** All checkers over one context. The chronicle takes an observation up before they see it. */
export class Checkers {
  readonly #checkers: readonly Checker[];

  constructor(context: CheckContext, factories: readonly CheckerFactory[] = CHECKERS) {
    this.#checkers = factories.map((create) => create(context));
  }

  observe(observation: Observation, atMs: number, change: Change | undefined): void {
    for (const checker of this.#checkers) checker.observe?.(observation, atMs, change);
  }

  end(truth: Truth, ending: JudgedEnding): void {
    for (const checker of this.#checkers) checker.end?.(truth, ending);
  }

  /** In the order of time; of one moment, in the order of the invariants. */
  get violations(): readonly Violation[] {
    return this.#checkers.flatMap((checker) => checker.violations).sort((a, b) => a.atSeconds - b.atSeconds);
  }
}
