/**
 * Plays a folder of `rehearsal/gallery` as `rollover rehearse --capture --scenario` does, and reads from its log what the
 * tests of the gallery ask: nothing here looks into the product.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { startOf } from '../../rehearsal/input.ts';
import type { LogLine } from '../../rehearsal/log.ts';
import { rehearse } from '../../rehearsal/rehearse.ts';
import type { RehearsalResult } from '../../rehearsal/result.ts';
import { parseScenario, type Scenario } from '../../rehearsal/scenario.ts';
import type { Capture } from '../../simulator/capture/capture.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';

export const GALLERY = new URL('../../rehearsal/gallery/', import.meta.url);
const EXAMPLE_CAPTURE = new URL('../../rehearsal/example/capture.json', import.meta.url);

/** Where chance says something, a story is played at these seeds: one in `npm test`, as many as it names in `.ci/run`. */
export const SEEDS: readonly number[] = (process.env.GALLERY_SEEDS ?? '1').split(',').map(Number);

/** A line of the log whose fields a test reads as it finds them. */
// biome-ignore lint/suspicious/noExplicitAny: the log is JSON; each kind of line has its own fields (docs/rehearsal.md).
export type Line = LogLine & Readonly<Record<string, any>>;

/** Names of the folders, in order. */
export function galleryFolders(): string[] {
  return readdirSync(GALLERY, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

export interface Story {
  /** `P02`, `P06a`. */
  readonly id: string;
  readonly title: string;
  /** What `## What you should see` says, as Markdown. */
  readonly shows: string;
  /** The outcome that the story promises. */
  readonly outcome: string;
  readonly hasCapture: boolean;
  readonly scenario: Scenario;
  readonly capture: Capture;
}

/** @throws Error with every problem of the folder: a part that is missing or cannot be read */
export function readFolder(folder: string): Story {
  const file = (name: string) => new URL(`${folder}/${name}`, GALLERY);
  const hasCapture = existsSync(file('capture.json'));
  const captureFile = hasCapture ? file('capture.json') : EXAMPLE_CAPTURE;
  const capture = parseCapture(JSON.parse(readFileSync(captureFile, 'utf8')));
  const scenario = parseScenario(JSON.parse(readFileSync(file('scenario.json'), 'utf8')));
  const story = readFileSync(file('story.md'), 'utf8');
  const [, id, title] = /^# (P\d\d[a-z]?) (.+)$/m.exec(story.split('\n')[0] ?? '') ?? [];
  const shows = sectionOf(story, 'What you should see');
  const never = sectionOf(story, 'Never');
  const outcome = /^Outcome: `([A-Z_]+)`/m.exec(story)?.[1];
  const problems = [
    ...('ok' in capture ? [] : capture.problems.map(({ path, message }) => `capture ${path}: ${message}`)),
    ...(scenario.ok ? [] : scenario.problems),
    ...(id === undefined || title === undefined ? ['story.md: its first line is `# P02 A title`'] : []),
    ...(id !== undefined && !folder.startsWith(`${id.toLowerCase()}-`)
      ? [`story.md: ${id} is no ${folder}`]
      : []),
    ...(shows === undefined ? ['story.md: has no `## What you should see`'] : []),
    ...(never === undefined ? ['story.md: has no `## Never`'] : []),
    ...(outcome === undefined ? ['story.md: has no line Outcome: `NAME`'] : []),
  ];
  if (problems.length > 0 || !('ok' in capture) || !scenario.ok)
    throw new Error(`${folder}: ${problems.join('; ')}`);
  return {
    id: id ?? '',
    title: title ?? '',
    shows: (shows ?? '').replace(/^Outcome: .*$/m, '').trim(),
    outcome: outcome ?? '',
    hasCapture,
    capture: capture.ok,
    scenario: scenario.value,
  };
}

function sectionOf(story: string, heading: string): string | undefined {
  return new RegExp(`^## ${heading}\\n+([\\s\\S]*?)(?=\\n+## |\\n*$(?![\\s\\S]))`, 'm')
    .exec(story)?.[1]
    ?.trim();
}

/** What came of one rehearsal of a folder. */
export class Played {
  readonly result: RehearsalResult;
  readonly log: readonly Line[];

  constructor(result: RehearsalResult, log: readonly LogLine[]) {
    this.result = result;
    this.log = log as readonly Line[];
  }

  lines(kind: string): Line[] {
    return this.log.filter((line) => line.kind === kind);
  }

  /** The status of the host's container instance as it changed: `[{ t, status }]`, the captured one first. */
  statusesOf(instanceId: string): { readonly t: number; readonly status: string }[] {
    const changes: { t: number; status: string }[] = [];
    for (const { t, status, ...line } of this.lines('container-instance')) {
      if (line.instanceId === instanceId && changes.at(-1)?.status !== status) changes.push({ t, status });
    }
    return changes;
  }

  /** When the host became so for the first time; undefined: never. */
  becameAt(instanceId: string, status: string): number | undefined {
    return this.statusesOf(instanceId).find((change) => change.status === status)?.t;
  }

  /** EC2's last word on the host. */
  lastStateOf(instanceId: string): string | undefined {
    return this.lines('host').findLast((line) => line.instanceId === instanceId)?.state;
  }

  /** When EC2 began to end the host. */
  endedAt(instanceId: string): number | undefined {
    return this.lines('host').find(
      (line) => line.instanceId === instanceId && ['shutting-down', 'terminated'].includes(line.state),
    )?.t;
  }

  /** Hosts that stood there when it began. */
  get oldHosts(): string[] {
    return [...new Set(this.lines('host').flatMap((line) => (line.t === 0 ? line.instanceId : [])))];
  }

  /** What was told to people, in order. */
  notices(
    kind?: string,
  ): { readonly t: number; readonly kind: string; readonly message: string; readonly detail?: Line }[] {
    return this.lines('notification')
      .map((line) => ({ ...JSON.parse(line.message), t: line.t }))
      .filter((notice) => kind === undefined || notice.kind === kind);
  }

  /** Lines of a task, by its ARN or its last part. */
  task(id: string): Line[] {
    return this.lines('task').filter(({ taskArn }) => taskArn === id || taskArn.endsWith(`/${id}`));
  }

  /** When the task was told to stop; undefined: never. */
  toldToStopAt(id: string): number | undefined {
    return this.task(id).find((line) => line.desiredStatus === 'STOPPED')?.t;
  }

  /** The calls of the product that change something of the user's, as `ECS.UpdateContainerInstancesState`. */
  changes(): Line[] {
    return this.lines('call').filter(({ operation }) => isChange(operation));
  }

  /** Calls of an operation. */
  calls(operation: string): Line[] {
    return this.lines('call').filter((line) => line.operation === operation);
  }

  /** Hosts held at the end, by id. */
  get held(): Readonly<Record<string, RehearsalResult['instances']['held'][number]>> {
    return Object.fromEntries(this.result.instances.held.map((host) => [host.instanceId, host]));
  }
}

const READS = /\.(Describe|List|Get|BatchGet|Query)/;
/** The product's own ledger, notices and executions. */
const OWN = /^(DynamoDB|EventBridge|SNS|SFN|CloudWatch|Lambda)\./;

function isChange(operation: string): boolean {
  return !OWN.test(operation) && !READS.test(operation);
}

/** Plays a folder at a seed. `changed` replaces parts of its scenario, to play it with other settings. */
export async function play(folder: string, seed: number, changed: Partial<Scenario> = {}): Promise<Played> {
  const { capture, scenario: written } = readFolder(folder);
  const scenario = { ...written, ...changed };
  const start = startOf(capture, scenario, undefined);
  if (!start.ok) throw new Error(start.problems.join('; '));
  const { settings, timings, faults, horizonSeconds } = scenario;
  const input = { capture, seed, start: start.value, settings, timings, faults, horizonSeconds };
  const { result, log } = await rehearse(input);
  return new Played(result, log);
}

/** What no story may break, whatever it tells: asserted of each. */
export function wrongsOf({ result }: Played): string[] {
  const { violations, tasks, leftovers, faults } = result;
  return [
    ...violations.map(({ invariant, message }) => `${invariant}: ${message}`),
    ...(tasks.killed > 0 ? [`${tasks.killed} tasks killed`] : []),
    ...leftovers.map(({ resource, knob }) => `left: ${resource} ${knob}`),
    ...faults
      .filter(({ firedAtSeconds }) => firedAtSeconds.length === 0)
      .map(({ kind }) => `${kind} never fired`),
  ];
}
