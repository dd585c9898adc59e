/**
 * `npm run synth [-- --directory DIR]`: writes to `cdk.out/` what the CDK's command would deploy, and to
 * `cdk.out/cloudformation/` a plain template with its assets for those who have no CDK (infra/plain-template.ts). Needs no
 * AWS account, no network and no Docker.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { App, type IStackSynthesizer } from 'aws-cdk-lib';
import { bundleHandlers } from './bundles.ts';
import { codeIn } from './code.ts';
import { propertiesIn } from './context.ts';
import { PlainTemplate } from './plain-template.ts';
import { RolloverStack } from './stack.ts';

const { values } = parseArgs({ options: { directory: { type: 'string', default: 'cdk.out' } } });
const directory = values.directory;
const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

const app = new App({ outdir: directory, context });
const bundles = join(directory, 'bundles');
const made = await bundleHandlers(bundles);
const properties = { ...propertiesIn(app.node), codeOf: codeIn(bundles) };
new RolloverStack(app, 'EcsRollover', properties);
app.synth();

const plain = join(directory, 'cloudformation');
const assembly = join(directory, 'plain-assembly');
const plainApp = new App({ outdir: assembly });
const synthesizer = new PlainTemplate(plain) as IStackSynthesizer;
new RolloverStack(plainApp, 'EcsRollover', properties, { synthesizer });
plainApp.synth();
rmSync(assembly, { recursive: true });

for (const { name, bytes } of made) {
  process.stderr.write(`${name.padEnd(10)} ${`${Math.round(bytes / 1000)}`.padStart(5)} KB\n`);
}
process.stdout.write(`For the CDK: ${directory}

Without the CDK: ${plain}. With a bucket of yours in the Region:

  aws s3 sync ${plain} s3://BUCKET/ecs-rollover/
  aws cloudformation deploy --stack-name ecs-rollover --template-file ${join(plain, 'template.json')} \\
    --s3-bucket BUCKET --s3-prefix ecs-rollover --capabilities CAPABILITY_IAM \\
    --parameter-overrides AssetsBucket=BUCKET AssetsPrefix=ecs-rollover/
`);
