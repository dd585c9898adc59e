/**
 * `npm run synth`: writes the CloudFormation template and its assets to `cdk.out/`. Needs no AWS account, no network and
 * no Docker. `npx cdk deploy` runs the same, by `cdk.json`.
 */
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { bundleHandlers } from './bundles.ts';
import { RolloverStack } from './stack.ts';

// The CDK's command says where it wants the output.
const app = new App({ outdir: process.env.CDK_OUTDIR ?? 'cdk.out' });
const bundles = await bundleHandlers(join(app.outdir, 'bundles'));
new RolloverStack(app, 'EcsRollover', {
  codeOf: (name) => Code.fromAsset(join(app.outdir, 'bundles', name)),
  settings: app.node.tryGetContext('settings'),
  guardrails: app.node.tryGetContext('guardrails'),
  schedules: app.node.tryGetContext('schedules'),
});
const assembly = app.synth();
for (const { name, bytes } of bundles) {
  process.stderr.write(`${name.padEnd(10)} ${`${Math.round(bytes / 1000)}`.padStart(5)} KB\n`);
}
process.stderr.write(`Template and assets: ${assembly.directory}\n`);
