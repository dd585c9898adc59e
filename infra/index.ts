/**
 * ecs-rollover as a part of your own CDK app: `import { EcsRollover } from 'ecs-rollover/cdk'`. Your app has `aws-cdk-lib`
 * and `constructs`; everything else comes with the package.
 */
export type { FunctionName } from './grants.ts';
export type { RolloverProperties, UserSchedule } from './properties.ts';
export { EcsRollover, type EcsRolloverProps } from './rollover.ts';
export { RolloverStack } from './stack.ts';
