/** A stack with the product and nothing else: what `npx cdk deploy` deploys. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { EcsRollover, type EcsRolloverProps } from './rollover.ts';

export class RolloverStack extends Stack {
  readonly rollover: EcsRollover;

  constructor(scope: Construct, id: string, properties: EcsRolloverProps, props: StackProps = {}) {
    super(scope, id, {
      description: 'ecs-rollover: replaces the hosts of ECS clusters without killing a task',
      ...props,
    });
    this.rollover = new EcsRollover(this, 'Rollover', properties);
  }
}
