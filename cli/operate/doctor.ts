/**
 * Is the deployment well? Each check looks at an effect where there is one: an effect needs every grant, rule and schedule on
 * its way, and no simulation of policies knows of service control policies, boundaries, or a queue that nobody polls.
 */
import { cloudWatch, eventBridge, sfn } from '../../functions/aws/clients.ts';
import { describeError } from '../../functions/aws/error-codes.ts';
import { describeExecution, executionName, machineStatus } from '../../functions/aws/executions.ts';
import { listClaims } from '../../functions/aws/ledger/claims.ts';
import { readSweep } from '../../functions/aws/ledger/sweeps.ts';
import { deadLetterQueuesOf, listRules, messagesIn, putRequest } from '../../functions/aws/wake-ups.ts';
import { environment } from '../../functions/edge/environment.ts';
import { EVENT_RULES } from '../../functions/edge/event-patterns.ts';
import { ledger } from '../../functions/flow/claim.ts';
import { allClusters, amongThese, followerOf } from '../../functions/flow/followers.ts';
import { shortHash } from '../../functions/flow/purpose.ts';
import { optInProblem } from '../../functions/flow/settings-problems.ts';
import { sleep } from './sleep.ts';

export interface Check {
  readonly name: string;
  /** `unproved`: nothing says that it is wrong, and nothing proves that it is right. */
  readonly state: 'ok' | 'fails' | 'unproved';
  readonly found: string;
  /** What to do where it is not ok. */
  readonly todo?: string;
}

/** What the account itself tells of the wake-ups; a test has recorded answers in its place. */
export interface Wakers {
  readonly rules: () => ReturnType<typeof listRules>;
  readonly deadLetterQueuesOf: (rule: string) => Promise<string[]>;
  readonly messagesIn: (queueName: string) => Promise<number>;
}

const LIVE: Wakers = {
  rules: () => listRules(eventBridge),
  deadLetterQueuesOf: (rule) => deadLetterQueuesOf(eventBridge, rule),
  messagesIn: (queueName) => messagesIn(cloudWatch, queueName, Date.now()),
};

export interface DoctorOptions {
  /** The cluster that the synthetic event asks a plan of; undefined: the first that opted in. */
  readonly cluster?: string | undefined;
  /** Without it nothing is sent: only looked. */
  readonly sendsEvent: boolean;
}

export async function examine(options: DoctorOptions, wakers: Wakers = LIVE): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const check = async (name: string, todo: string, look: () => Promise<readonly Check[]>) => {
    try {
      checks.push(...(await look()));
    } catch (error) {
      checks.push({ name, state: 'fails', found: describeError(error), todo });
    }
  };
  await check('state machines', 'deploy the stack anew', machines);
  await check('rules', 'your own credentials need events:ListRules and events:ListTargetsByRule', () =>
    rules(wakers),
  );
  await check('sweep', 'your own credentials need dynamodb:GetItem on the ledger', sweep);
  await check('runs', 'your own credentials need dynamodb:Query on the ledger', runs);
  await check('clusters', 'your own credentials need what a plan reads (docs/capture.md)', clusters);
  if (options.sendsEvent)
    await check('synthetic event', 'your own credentials need events:PutEvents', () =>
      event(options.cluster),
    );
  checks.push({
    name: 'grants that act',
    state: 'unproved',
    found: 'prepare, register, drain, terminate, restore and redeploy act in a run only',
    todo: 'roll a cluster that may be rolled first: a missing grant ends the run with AWS’s denial as its reason, and all is given back',
  });
  return checks;
}

async function machines(): Promise<Check[]> {
  const { stateMachineArn } = environment();
  const arns = [stateMachineArn, `${stateMachineArn}-retirement`];
  const states = await Promise.all(arns.map((arn) => machineStatus(sfn, arn)));
  return states.map((status, at) => ({
    name: 'state machine',
    state: status === 'ACTIVE' ? 'ok' : 'fails',
    found: `${nameOf(arns[at] ?? '')} is ${status ?? 'not there'}`,
    ...(status === 'ACTIVE' ? {} : { todo: 'deploy the stack anew' }),
  }));
}

/** The stack names rules by itself; each carries the description of the pattern that it was made from. */
async function rules(wakers: Wakers): Promise<Check[]> {
  const all = await wakers.rules();
  const found = EVENT_RULES.map((wanted) => ({
    wanted,
    rule: all.find(({ Description }) => Description === wanted.description),
  }));
  const queues = new Set<string>();
  for (const { rule } of found)
    for (const arn of rule?.Name ? await wakers.deadLetterQueuesOf(rule.Name) : []) queues.add(nameOf(arn));
  const letters = await Promise.all(
    [...queues].map(async (name) => ({ name, count: await wakers.messagesIn(name) })),
  );
  return [
    ...found.map(({ wanted, rule }): Check => {
      const name = `rule ${wanted.name}`;
      if (rule === undefined)
        return { name, state: 'fails', found: 'is not there', todo: 'deploy the stack anew' };
      if (rule.State !== 'ENABLED')
        return {
          name,
          state: 'fails',
          found: `is ${rule.State}`,
          todo: `aws events enable-rule --name ${rule.Name}`,
        };
      return { name, state: 'ok', found: 'is enabled' };
    }),
    ...letters.map(
      ({ name, count }): Check =>
        count === 0
          ? { name: 'dead letters', state: 'ok', found: `${name} is empty` }
          : {
              name: 'dead letters',
              state: 'fails',
              found: `${name} holds ${count}: events that could not be answered`,
              todo: 'docs/runbook.md says how to read them and send them again',
            },
    ),
  ];
}

/** Three of them: one may be late, and one may fail. */
const SWEEP_LATE_MS = 15 * 60_000;

async function sweep(): Promise<Check[]> {
  const last = await readSweep(ledger());
  const ageMs = Date.now() - (last?.atMs ?? 0);
  if (last === undefined || ageMs > SWEEP_LATE_MS)
    return [
      {
        name: 'sweep',
        state: 'fails',
        found:
          last === undefined ? 'has never run to its end' : `ran last ${Math.round(ageMs / 60_000)} min ago`,
        todo: 'is its schedule enabled (EventBridge Scheduler)? else the log of the sweep function says why it fails',
      },
    ];
  const problems = last.problems.map(
    (found): Check => ({
      name: 'sweep',
      state: 'fails',
      found,
      todo: 'the log of the sweep function has more',
    }),
  );
  return [
    { name: 'sweep', state: 'ok', found: `ran ${Math.round(ageMs / 1000)} s ago: its schedule is alive` },
    ...problems,
  ];
}

async function runs(): Promise<Check[]> {
  const claims = await listClaims(ledger());
  return Promise.all(
    claims.map(async ({ cluster, owner, runId }): Promise<Check> => {
      const execution = owner === undefined ? undefined : await describeExecution(sfn, owner);
      const isAlive = execution?.status === 'RUNNING';
      const found = `${cluster}: ${runId} is ${execution?.status ?? 'unknown to Step Functions'}`;
      return isAlive
        ? { name: 'run', state: 'ok', found }
        : {
            name: 'run',
            state: 'unproved',
            found,
            todo: 'the sweep gives back what it touched within five minutes',
          };
    }),
  );
}

async function clusters(): Promise<Check[]> {
  const all = await allClusters();
  const taking = amongThese(all);
  const misspelt = all.flatMap((cluster): Check[] => {
    const problem = optInProblem(cluster);
    return problem === undefined
      ? []
      : [{ name: `cluster ${cluster.clusterName}`, state: 'fails', found: problem, todo: 'mend the tag' }];
  });
  const settings = await Promise.all(
    taking.map(async (cluster): Promise<Check[]> => {
      const name = `cluster ${cluster.clusterName}`;
      const { problems } = await followerOf(cluster);
      return problems.length === 0
        ? [{ name, state: 'ok', found: 'takes part, its settings can be read' }]
        : problems.map((found) => ({ name, state: 'fails', found, todo: 'mend the tag or setting' }));
    }),
  );
  if (taking.length > 0) return [...settings.flat(), ...misspelt];
  const found = `none of ${all.length} takes part`;
  return [
    { name: 'clusters', state: 'unproved', found, todo: 'tag one with rollover:enabled=observe' },
    ...misspelt,
  ];
}

/** From the bus through rule, queue and trigger to an execution that has planned. */
const EVENT_SECONDS = 180;
const LOOK_SECONDS = 5;

async function event(wanted: string | undefined): Promise<Check[]> {
  const name = 'synthetic event';
  const cluster = wanted ?? amongThese(await allClusters())[0]?.clusterName;
  if (cluster === undefined)
    return [{ name, state: 'unproved', found: 'no cluster takes part', todo: 'tag one, then ask again' }];
  const request = { cluster, mode: 'plan' };
  const id = await putRequest(eventBridge, request);
  const executionArn = arnOfExecution(
    executionName([cluster, 'manual', shortHash(`${id} ${JSON.stringify(request)}`)]),
  );
  let status: Awaited<ReturnType<typeof describeExecution>>;
  for (let seconds = 0; seconds < EVENT_SECONDS; seconds += LOOK_SECONDS) {
    await sleep(LOOK_SECONDS);
    status = await describeExecution(sfn, executionArn);
    if (status !== undefined && status.status !== 'RUNNING') break;
  }
  if (status === undefined)
    return [
      {
        name,
        state: 'fails',
        found: `the plan that event ${id} asks for has not begun after ${EVENT_SECONDS} s`,
        todo: 'the log of the trigger function says why; without a line of it look at the rule and its queue',
      },
    ];
  const said = `a plan of ${cluster}: ${status.error ?? status.status}${status.cause ? `, ${status.cause}` : ''}`;
  if (status.status === 'RUNNING')
    return [
      {
        name,
        state: 'unproved',
        found: `${said} after ${EVENT_SECONDS} s`,
        todo: 'look at it in Step Functions',
      },
    ];
  // A plan that something blocks ends red: it was made all the same, and nothing was changed.
  const isPlanned = status.status === 'SUCCEEDED' || /^(?:PARTIAL|REFUSED)$/.test(status.error ?? '');
  return [
    isPlanned
      ? { name, state: 'ok', found: `reached ${said}; nothing was changed` }
      : { name, state: 'fails', found: said, todo: 'the cause names the action or the setting' },
  ];
}

function arnOfExecution(name: string): string {
  return `${environment().stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}

function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}
