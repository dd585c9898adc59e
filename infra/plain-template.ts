/**
 * The stack as a plain CloudFormation template: no bootstrapped account, no CDK at the place where it is created. Its assets
 * are ZIP files beside it; parameters say to which bucket, and below which prefix, somebody has copied them.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  CfnParameter,
  type DockerImageAssetLocation,
  type FileAssetLocation,
  type FileAssetSource,
  Fn,
  type ISynthesisSession,
  type Stack,
  StackSynthesizer,
} from 'aws-cdk-lib';
import { zipOf } from './zip.ts';

/** File of the template in its directory. */
export const TEMPLATE_FILE = 'template.json';

export class PlainTemplate extends StackSynthesizer {
  readonly #directory: string;
  #bucket = '';
  #prefix = '';
  /** What becomes which object: a folder in the assembly by its hash. */
  readonly #assets = new Map<string, string>();

  /** `directory` is emptied, and gets the template and its assets. */
  constructor(directory: string) {
    super();
    this.#directory = directory;
  }

  override bind(stack: Stack): void {
    super.bind(stack);
    this.#bucket = new CfnParameter(stack, 'AssetsBucket', {
      description: 'Bucket in this Region with the ZIP files that came with this template',
    }).valueAsString;
    this.#prefix = new CfnParameter(stack, 'AssetsPrefix', {
      description:
        'What their keys begin with, up to and including the last slash; empty where there is none',
      default: '',
    }).valueAsString;
  }

  override addFileAsset({ fileName, sourceHash }: FileAssetSource): FileAssetLocation {
    if (fileName === undefined) throw new Error(`the asset ${sourceHash} is no folder`);
    this.#assets.set(sourceHash, fileName);
    const objectKey = Fn.join('', [this.#prefix, `${sourceHash}.zip`]);
    const s3 = `https://s3.amazonaws.com/${sourceHash}`;
    return { bucketName: this.#bucket, objectKey, httpUrl: s3, s3ObjectUrl: s3 };
  }

  override addDockerImageAsset(): DockerImageAssetLocation {
    throw new Error('a plain template carries no container images');
  }

  override synthesize(session: ISynthesisSession): void {
    const stack = this.boundStack;
    this.synthesizeTemplate(session);
    this.emitArtifact(session);
    const outdir = session.assembly.outdir;
    rmSync(this.#directory, { recursive: true, force: true });
    mkdirSync(this.#directory, { recursive: true });
    const template: unknown = JSON.parse(readFileSync(resolve(outdir, stack.templateFile), 'utf8'));
    writeFileSync(resolve(this.#directory, TEMPLATE_FILE), `${JSON.stringify(template, null, 1)}\n`);
    for (const [hash, folder] of this.#assets)
      writeFileSync(resolve(this.#directory, `${hash}.zip`), zipOf(resolve(outdir, folder)));
  }
}
