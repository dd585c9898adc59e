/**
 * Every crash point of every scene: `node test/crash/campaign.ts [--scene NAME] [--blow BLOW] [--points A..B] [--every K]
 * [--offset N] [--reads] [--minutes M] [--processes N]`. One line for each run that ended wrong, with the command that
 * repeats it; then the counts.
 *
 * A process that dies after a read dies in the same state as after the effect before it: without `--reads` only effects
 * and starts of invocations are tried. `--every K --offset N` takes each K-th, from the N-th on. No run is begun after
 * `--minutes`. Exit code 1 when anything was wrong.
 */
import '../support/setup.ts';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CrashedRun, runScene } from './crashed-run.ts';
import { BLOWS, type Blow, isEffect, isLoss, type Strike } from './hand.ts';
import { SCENES } from './scenes.ts';

const { values } = parseArgs({
  options: {
    scene: { type: 'string' },
    blow: { type: 'string' },
    points: { type: 'string' },
    every: { type: 'string', default: '1' },
    offset: { type: 'string', default: '0' },
    reads: { type: 'boolean', default: false },
    minutes: { type: 'string', default: 'Infinity' },
    processes: { type: 'string', default: '2' },
  },
});

interface Job extends Strike {
  readonly scene: string;
}

interface Done extends Job {
  readonly function: string;
  readonly outcome: string;
  readonly untilOver: number;
  readonly untilTakenOver: number;
  readonly wrongs: readonly string[];
}

if (process.send) process.on('message', (job: Job) => void run(job).then((done) => process.send?.(done)));
else await command();

async function run({ scene: name, ...strike }: Job): Promise<Done> {
  const about = { scene: name, ...strike };
  try {
    const {
      struck,
      result,
      untilOver = 0,
      untilTakenOver = 0,
      wrongs,
    } = await runScene(sceneOf(name), strike);
    const { outcome } = result;
    return { ...about, function: struck?.function ?? 'none', outcome, untilOver, untilTakenOver, wrongs };
  } catch (error) {
    const wrongs = [`threw ${error instanceof Error ? error.stack : String(error)}`];
    return { ...about, function: 'none', outcome: 'none', untilOver: 0, untilTakenOver: 0, wrongs };
  }
}

async function command(): Promise<void> {
  const began = performance.now();
  const jobs: Job[] = [];
  let wrongWithoutACrash = 0;
  for (const scene of SCENES) {
    if (values.scene !== undefined && values.scene !== scene.name) continue;
    const calm = await runScene(scene);
    if (calm.wrongs.length > 0) {
      wrongWithoutACrash += 1;
      process.stdout.write(`${scene.name} is wrong without a crash: ${calm.wrongs.join('; ')}\n`);
    }
    jobs.push(...jobsOf(scene.name, calm));
  }
  const tried = jobs.filter((_, at) => at % Number(values.every) === Number(values.offset));
  const done: Done[] = [];
  const endMs = began + Number(values.minutes) * 60_000;
  const next = until(endMs, tried);
  const workers = Array.from({ length: Number(values.processes) }, () => work(next, done));
  await Promise.all(workers);
  summarise(done, wrongWithoutACrash, (performance.now() - began) / 1000);
}

function* until(endMs: number, jobs: readonly Job[]): Generator<Job> {
  for (const job of jobs) {
    if (performance.now() >= endMs) return;
    yield job;
  }
}

/** Hands one job after the other to a process of its own. */
function work(jobs: Iterator<Job>, done: Done[]): Promise<void> {
  const worker = fork(fileURLToPath(import.meta.url), { execArgv: process.execArgv });
  return new Promise((resolve, reject) => {
    const hand = () => {
      const { value, done: isOver } = jobs.next();
      if (isOver) {
        worker.disconnect();
        resolve();
      } else worker.send(value);
    };
    worker.on('message', (one: Done) => {
      done.push(one);
      if (one.wrongs.length > 0) tell(one);
      hand();
    });
    worker.on('error', reject);
    hand();
  });
}

function jobsOf(scene: string, { points, answers }: CrashedRun): Job[] {
  const [from = 0, to = Number.POSITIVE_INFINITY] = (values.points ?? '')
    .split('..')
    .filter(Boolean)
    .map(Number);
  return BLOWS.filter((blow) => values.blow === undefined || values.blow === blow).flatMap((blow) =>
    placesOf(blow, points, answers)
      .filter((at) => at >= from && at <= to)
      .map((at) => ({ scene, blow, at })),
  );
}

function placesOf(
  blow: Blow,
  points: CrashedRun['points'],
  answers: CrashedRun['answers'],
): readonly number[] {
  const places: readonly { readonly operation?: string }[] = isLoss(blow) ? answers : points;
  const takesReads = values.reads && !isLoss(blow);
  return [...places.entries()].flatMap(([at, place]) => (takesReads || isEffect(place) ? [at] : []));
}

function tell({ scene, blow, at, function: name, wrongs }: Done): void {
  const repeat = `node test/crash/campaign.ts --scene ${scene} --blow ${blow} --points ${at}..${at} --reads`;
  process.stdout.write(`${repeat}  # ${name}\n  ${wrongs.join('\n  ')}\n`);
}

function summarise(done: readonly Done[], wrongWithoutACrash: number, seconds: number): void {
  const count = (key: (one: Done) => string) =>
    Object.fromEntries([...Map.groupBy(done, key)].map(([name, group]) => [name, group.length]));
  const wrong = done.filter(({ wrongs }) => wrongs.length > 0).length;
  const worst = (field: 'untilOver' | 'untilTakenOver') => Math.max(0, ...done.map((one) => one[field]));
  process.stdout.write(
    `${JSON.stringify({
      tried: done.length,
      wrong,
      wrongWithoutACrash,
      byBlow: count(({ blow }) => blow),
      byFunction: count((one) => one.function),
      outcomes: count(({ outcome }) => outcome),
      longestUntilTakenOverSeconds: worst('untilTakenOver'),
      longestUntilOverSeconds: worst('untilOver'),
      wallSeconds: Math.round(seconds),
    })}\n`,
  );
  process.exitCode = wrong + wrongWithoutACrash > 0 ? 1 : 0;
}

function sceneOf(name: string) {
  const scene = SCENES.find((one) => one.name === name);
  if (scene === undefined) throw new Error(`no scene ${name}: ${SCENES.map((one) => one.name).join(', ')}`);
  return scene;
}
