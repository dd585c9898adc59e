/** The CDK app: what `npx cdk deploy` runs, by `cdk.json`. Needs no AWS account, no network and no Docker to synthesise. */
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { bundleHandlers } from './bundles.ts';
import { codeIn } from './code.ts';
import { propertiesIn } from './context.ts';
import { RolloverStack } from './stack.ts';

// The CDK's command says where it wants the output.
const app = new App({ outdir: process.env.CDK_OUTDIR ?? 'cdk.out' });
const bundles = join(app.outdir, 'bundles');
await bundleHandlers(bundles);
new RolloverStack(app, 'EcsRollover', { ...propertiesIn(app.node), codeOf: codeIn(bundles) });
app.synth();
