/**
 * Where the product is deployed, for commands that speak to it with the user's own credentials: from options, from the
 * environment, or from the parameter that the stack writes (infra/stack.ts).
 */
import { BadInput } from '../bad-input.ts';

export interface DeploymentOptions {
  readonly table?: string;
  readonly stateMachine?: string;
}

/** Of the stack's region: what it wrote there about itself, JSON. */
export const DEPLOYMENT_PARAMETER = '/ecs-rollover/deployment';

/**
 * Finds the deployment and lets what this process imports of `functions/` know it.
 *
 * @throws BadInput when nothing says where it is
 */
export async function useDeployment(options: DeploymentOptions): Promise<void> {
  let tableName = options.table ?? process.env.ROLLOVER_TABLE;
  let stateMachineArn = options.stateMachine ?? process.env.ROLLOVER_STATE_MACHINE;
  if (tableName === undefined || stateMachineArn === undefined) {
    const told = await readParameter();
    tableName ??= told.tableName;
    stateMachineArn ??= told.stateMachineArn;
    process.env.ROLLOVER_SETTINGS ??= JSON.stringify(told.settings ?? {});
    process.env.ROLLOVER_GUARDRAILS ??= JSON.stringify(told.guardrails ?? {});
  }
  if (tableName === undefined || stateMachineArn === undefined) {
    throw new BadInput('The deployment', [
      `there is no parameter ${DEPLOYMENT_PARAMETER} in this account and Region; deploy the stack, choose another Region ` +
        '(AWS_REGION) or profile (AWS_PROFILE), or give --table and --state-machine (ROLLOVER_TABLE, ROLLOVER_STATE_MACHINE)',
    ]);
  }
  process.env.TABLE_NAME = tableName;
  process.env.STATE_MACHINE_ARN = stateMachineArn;
}

/** As the stack writes it. */
interface Told {
  readonly tableName?: string;
  readonly stateMachineArn?: string;
  readonly settings?: unknown;
  readonly guardrails?: unknown;
}

async function readParameter(): Promise<Told> {
  const [{ ssm }, { readParameters }] = await Promise.all([
    import('../../functions/aws/clients.ts'),
    import('../../functions/aws/parameters.ts'),
  ]);
  const value = (await readParameters(ssm, [DEPLOYMENT_PARAMETER])).get(DEPLOYMENT_PARAMETER)?.Value;
  if (value === undefined) return {};
  try {
    return JSON.parse(value) as Told;
  } catch {
    throw new BadInput('The deployment', [`the parameter ${DEPLOYMENT_PARAMETER} does not hold JSON`]);
  }
}
