/**
 * `npm test` stays within four minutes on two cores: of families of whole rehearsals it plays a sample, the same each time.
 * `ROLLOVER_TESTS=all`, as `.ci/run` sets it, plays all of them.
 */
import { relative } from 'node:path';
import { beforeEach } from 'vitest';

/** By the beginning of a test file's path: every so many-th test of the file is played, the first always. */
const FAMILIES: readonly (readonly [path: string, every: number])[] = [
  ['test/gallery/p', 3],
  ['test/crash/', 5],
  ['test/flow/approval', 2],
  ['test/flow/between-windows', 2],
  ['test/flow/faults', 4],
  ['test/flow/groups-and-images', 2],
  ['test/flow/guardrails', 2],
  ['test/flow/image-references', 3],
  ['test/flow/notices', 4],
  ['test/flow/shapes', 4],
  ['test/flow/stopping', 3],
  ['test/flow/strategies', 2],
  ['test/flow/triggers', 3],
  ['test/flow/warm-pools', 2],
  ['test/rehearsal/fault-kinds', 2],
  ['test/rehearsal/orchestrators/guards', 5],
  ['test/rehearsal/orchestrators/detection', 5],
];

/** Of the gallery every fourth story by its number: P02, P06, P10 … */
const STORY = /^test\/gallery\/p(\d+)/;
const STORIES_EVERY = 4;

const seen = new Map<string, number>();

if (process.env.ROLLOVER_TESTS !== 'all') {
  beforeEach(({ task, skip }) => {
    const file = relative(process.cwd(), task.file.filepath);
    const story = STORY.exec(file)?.[1];
    if (story !== undefined && Number(story) % STORIES_EVERY !== 2) skip('ROLLOVER_TESTS=all plays it');
    const family = FAMILIES.find(([path]) => file.startsWith(path));
    if (family === undefined) return;
    const at = seen.get(file) ?? 0;
    seen.set(file, at + 1);
    if (at % family[1] !== 0) skip('ROLLOVER_TESTS=all plays it');
  });
}
