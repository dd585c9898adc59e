/** Options, files and JSON of `rollover rehearse`, read into one input; all that is wrong with them is said at once. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseRequest } from '../functions/edge/request.ts';
import { parseSettings } from '../functions/edge/settings.ts';
import { type RehearsalInput, startOf } from '../rehearsal/input.ts';
import { EMPTY_SCENARIO, parseScenario, type Scenario } from '../rehearsal/scenario.ts';
import type { Capture } from '../simulator/capture/capture.ts';
import { parseCapture } from '../simulator/capture/parse.ts';
import { BadInput } from './bad-input.ts';

export interface RehearseOptions {
  readonly capture?: string;
  readonly scenario?: string;
  readonly request?: string;
  readonly settings?: string;
  readonly seed?: string;
  readonly report?: string;
  readonly log?: string;
  readonly json?: boolean;
}

const EXAMPLE = join(dirname(fileURLToPath(import.meta.url)), '..', 'rehearsal', 'example');

/** @throws BadInput naming every problem of every option and file */
export function readInput(options: RehearseOptions): RehearsalInput {
  const problems: string[] = [];
  const captureFile = options.capture ?? join(EXAMPLE, 'capture.json');
  // The example's scenario belongs to the example's cluster: it comes only with its capture.
  const scenarioFile = options.scenario ?? (options.capture ? undefined : join(EXAMPLE, 'scenario.json'));

  const capture = readCapture(captureFile, problems);
  const scenario = scenarioFile === undefined ? EMPTY_SCENARIO : readScenario(scenarioFile, problems);
  const request = options.request === undefined ? undefined : readRequest(options.request, problems);
  const settings = options.settings === undefined ? {} : readSettings(options.settings, problems);
  const seed = readSeed(options.seed, problems);
  for (const [option, file] of [
    ['--report', options.report],
    ['--log', options.log],
  ] as const) {
    if (file !== undefined) checkWritable(option, file, problems);
  }

  const start =
    capture && scenario && problems.length === 0 ? startOf(capture, scenario, request) : undefined;
  if (start && !start.ok) problems.push(...start.problems);
  if (!capture || !scenario || !start?.ok || problems.length > 0) throw new BadInput('The input', problems);
  return {
    capture,
    seed,
    start: start.value,
    settings: { ...scenario.settings, ...settings },
    timings: scenario.timings,
    faults: scenario.faults,
    horizonSeconds: scenario.horizonSeconds,
  };
}

export function readCapture(file: string, problems: string[]): Capture | undefined {
  const json = readJsonFile('--capture', file, problems);
  if (json === undefined) return undefined;
  const parsed = parseCapture(json);
  if ('ok' in parsed) return parsed.ok;
  problems.push(...parsed.problems.map(({ path, message }) => `--capture ${file} ${path}: ${message}`));
  return undefined;
}

function readScenario(file: string, problems: string[]): Scenario | undefined {
  const json = readJsonFile('--scenario', file, problems);
  if (json === undefined) return undefined;
  const parsed = parseScenario(json);
  if (parsed.ok) return parsed.value;
  problems.push(...parsed.problems.map((problem) => `--scenario ${file} ${problem}`));
  return undefined;
}

function readRequest(text: string, problems: string[]) {
  const json = readJson('--request', text, problems);
  if (json === undefined) return undefined;
  const parsed = parseRequest(json);
  if (parsed.ok) return parsed.value;
  problems.push(...parsed.problems.map((problem) => `--request ${problem}`));
  return undefined;
}

export function readSettings(text: string, problems: string[]): Readonly<Record<string, unknown>> {
  const json = readJson('--settings', text, problems);
  if (json === undefined) return {};
  const parsed = parseSettings(json);
  if (parsed.ok) return json as Record<string, unknown>;
  problems.push(...parsed.problems.map((problem) => `--settings ${problem}`));
  return {};
}

function readSeed(text: string | undefined, problems: string[]): number {
  const seed = Number(text ?? '1');
  if (Number.isSafeInteger(seed) && text?.trim() !== '') return seed;
  problems.push(`--seed: must be a whole number, not ${JSON.stringify(text)}`);
  return 1;
}

function readJsonFile(option: string, file: string, problems: string[]): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    problems.push(
      `${option} ${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`,
    );
    return undefined;
  }
  return readJson(`${option} ${file}`, text, problems);
}

export function readJson(where: string, text: string, problems: string[]): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    problems.push(`${where}: is not JSON (${(error as Error).message})`);
    return undefined;
  }
}

export function checkWritable(option: string, file: string, problems: string[]): void {
  try {
    accessSync(dirname(resolve(file)), constants.W_OK);
  } catch {
    problems.push(`${option} ${file}: its folder does not exist or cannot be written to`);
  }
}
