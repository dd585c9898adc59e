/**
 * The deployed product inside the account: the real handlers as its Lambda functions, the real definition as its state
 * machine, the ledger's table, the rules and the sweep that `infra/` deploys.
 *
 * Handlers and clients are imported here, and only after Region, credentials and the handlers' environment are set: the
 * SDK and Powertools read them when they are loaded.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EVENT_QUEUES, EVENT_RULES } from '../functions/edge/event-patterns.ts';
import { HANDLER_TIMEOUT_SECONDS } from '../functions/edge/timeouts.ts';
import type { Account } from '../simulator/account.ts';
import { currentInvocation } from '../simulator/kernel/caller.ts';

const SWEEP_SECONDS = 300;
export const TABLE_NAME = 'ecs-rollover';
export const STATE_MACHINE_NAME = 'ecs-rollover';
/** Each machine by its name, and the file of its definition. */
const MACHINES = { [STATE_MACHINE_NAME]: 'rollover', 'ecs-rollover-retirement': 'retirement' } as const;

const HANDLERS = {
  trigger: () => import('../functions/trigger.ts'),
  plan: () => import('../functions/plan.ts'),
  drill: () => import('../functions/drill.ts'),
  prepare: () => import('../functions/prepare.ts'),
  assess: () => import('../functions/assess.ts'),
  register: () => import('../functions/register.ts'),
  drain: () => import('../functions/drain.ts'),
  terminate: () => import('../functions/terminate.ts'),
  restore: () => import('../functions/restore.ts'),
  report: () => import('../functions/report.ts'),
  redeploy: () => import('../functions/redeploy.ts'),
  sweep: () => import('../functions/sweep.ts'),
} as const;

const DEFINITIONS = join(dirname(fileURLToPath(import.meta.url)), '..', 'statemachine');

export interface Deployment {
  readonly stateMachineArn: string;
  readonly topicArn: string;
  /** Calls with what the trigger made of each event of its queue, which itself takes no answer. */
  onTriggered(listener: (answer: unknown) => void): void;
  /** Takes the product out of the account again; the process's environment is as before. */
  remove(): void;
}

/** Deploys the product into the account. */
export async function deploy(
  account: Account,
  settings: Readonly<Record<string, unknown>>,
  sweepSeconds = SWEEP_SECONDS,
): Promise<Deployment> {
  const { accountId, region } = account;
  const topicArn = `arn:aws:sns:${region}:${accountId}:ecs-rollover`;
  const [stateMachineArn = '', retirementStateMachineArn = ''] = Object.keys(MACHINES).map(
    (name) => `arn:aws:states:${region}:${accountId}:stateMachine:${name}`,
  );
  const restoreEnvironment = setEnvironment({
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'rehearsal',
    AWS_SECRET_ACCESS_KEY: 'rehearsal',
    POWERTOOLS_SERVICE_NAME: 'ecs-rollover',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_TRACE_ENABLED: 'false',
    POWERTOOLS_METRICS_DISABLED: 'true',
    TABLE_NAME,
    NOTIFICATION_TOPIC_ARN: topicArn,
    STATE_MACHINE_ARN: stateMachineArn,
    RETIREMENT_STATE_MACHINE_ARN: retirementStateMachineArn,
    ROLLOVER_SETTINGS: JSON.stringify(settings),
    ROLLOVER_GUARDRAILS: '{}',
  });

  const { attachable } = await import('../functions/aws/clients.ts');
  const { beginAsNewContainer, playContainers } = await import('../functions/aws/container-memory.ts');
  const { hearAnswers } = await import('../functions/flow/queued.ts');
  beginAsNewContainer();
  playContainers(() => currentInvocation()?.environment);
  const detach = attachable.map(({ client, service }) => account.attach(client, service));
  await account.dynamodb.createTable({ TableName: TABLE_NAME, pk: 'pk', sk: 'sk', ttl: 'ttl' });
  for (const [name, load] of Object.entries(HANDLERS)) {
    const { handler } = await load();
    account.lambda.register(name, { handler: handler as never, timeoutSeconds: HANDLER_TIMEOUT_SECONDS });
  }
  for (const [name, file] of Object.entries(MACHINES))
    account.stepFunctions.create(name, definition(account, file));
  for (const [name, queue] of Object.entries(EVENT_QUEUES))
    account.queues.create(name, { ...queue, lambda: name });
  for (const rule of EVENT_RULES) {
    const own = rule.source === 'aws.states' && {
      stateMachineArn: [stateMachineArn, retirementStateMachineArn],
    };
    account.eventBridge.addRule({
      name: rule.name,
      pattern: {
        source: [rule.source],
        'detail-type': [rule.detailType],
        detail: { ...rule.detail, ...own },
      },
      target: { queue: rule.target },
    });
  }
  account.scheduler.every(sweepSeconds, 'sweep', { sweep: 'schedule' });

  return {
    stateMachineArn,
    topicArn,
    onTriggered: hearAnswers,
    remove() {
      hearAnswers(() => {});
      for (const undo of detach) undo();
      restoreEnvironment();
    },
  };
}

/** The definition with the functions' ARNs in place of its placeholders. */
function definition(account: Account, file: string): unknown {
  const text = readFileSync(join(DEFINITIONS, `${file}.asl.json`), 'utf8').replace(
    /\$\{(\w+)Function\}/g,
    (_, pascal: string) => account.lambda.arnOf(pascal.charAt(0).toLowerCase() + pascal.slice(1)),
  );
  return JSON.parse(text);
}

function setEnvironment(values: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
