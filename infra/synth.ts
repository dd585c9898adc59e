/** `npm run synth`: writes the CloudFormation template and its assets to `cdk.out/`. Needs no AWS account. */
import { App } from 'aws-cdk-lib';
import { RolloverStack } from './stack.ts';

const app = new App({ outdir: 'cdk.out' });
new RolloverStack(app, 'EcsRollover', {
  settings: app.node.tryGetContext('settings'),
  guardrails: app.node.tryGetContext('guardrails'),
  schedules: app.node.tryGetContext('schedules'),
});
const assembly = app.synth();
process.stdout.write(`Template and assets: ${assembly.directory}\n`);
