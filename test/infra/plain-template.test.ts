/** The template for those who have no CDK: nothing of a bootstrapped account in it, and every asset beside it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { App, type IStackSynthesizer } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { afterAll, expect, it } from 'vitest';
import { PlainTemplate, TEMPLATE_FILE } from '../../infra/plain-template.ts';
import { RolloverStack } from '../../infra/stack.ts';
import { zipOf } from '../../infra/zip.ts';

const directory = mkdtempSync(join(tmpdir(), 'rollover-plain-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const code = join(directory, 'code');
mkdirSync(code);
writeFileSync(join(code, 'index.mjs'), 'export const handler = () => {};\n'.repeat(100));
writeFileSync(join(code, 'index.mjs.map'), '{}');

it('asks for a bucket and no bootstrap, and has the ZIP file of every function beside it', () => {
  const out = join(directory, 'out');
  const app = new App({ outdir: join(directory, 'assembly') });
  const synthesizer = new PlainTemplate(out) as IStackSynthesizer;
  new RolloverStack(app, 'Plain', { codeOf: () => Code.fromAsset(code) }, { synthesizer });
  app.synth();

  const text = readFileSync(join(out, TEMPLATE_FILE), 'utf8');
  const { Parameters, Rules, Resources } = JSON.parse(text) as {
    Parameters: object;
    Rules?: object;
    Resources: Record<string, { Type: string; Properties: { Code: { S3Bucket: unknown; S3Key: unknown } } }>;
  };
  expect(Object.keys(Parameters)).toEqual(['AssetsBucket', 'AssetsPrefix']);
  expect(Rules).toBeUndefined();
  expect(text).not.toMatch(/cdk-bootstrap|cdk-hnb659fds|CDKMetadata/);
  expect(text).not.toContain(directory);
  const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  expect(functions.length).toBeGreaterThan(10);
  const [zip = ''] = readdirSync(out).filter((name) => name.endsWith('.zip'));
  for (const { Properties } of functions) {
    expect(Properties.Code).toEqual({
      S3Bucket: { Ref: 'AssetsBucket' },
      S3Key: { 'Fn::Join': ['', [{ Ref: 'AssetsPrefix' }, zip]] },
    });
  }
});

it('packs a folder as others read it, the same bytes each time', () => {
  const zip = zipOf(code);
  expect(zipOf(code).equals(zip)).toBe(true);
  // The first local header: 30 bytes, the name, the packed content (APPNOTE.TXT 4.3.7).
  const [packedBytes, nameBytes] = [zip.readUInt32LE(18), zip.readUInt16LE(26)];
  expect(zip.subarray(30, 30 + nameBytes).toString()).toBe('index.mjs');
  const content = inflateRawSync(zip.subarray(30 + nameBytes, 30 + nameBytes + packedBytes));
  expect(content.toString()).toBe(readFileSync(join(code, 'index.mjs'), 'utf8'));
  // The end of the central directory: how many entries there are (4.3.16).
  expect(zip.readUInt16LE(zip.length - 12)).toBe(2);
});
