/** Where the handlers' bundles are: those that came with the package, or those that were just made. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { FunctionName } from './grants.ts';

/** Beside this folder in the package (cli/package.mjs makes them); in the repository the app bundles anew each time. */
const PACKAGED = join(dirname(fileURLToPath(import.meta.url)), '..', 'lambda');

/** @throws Error where nobody made the bundles. */
export function packagedCode(name: FunctionName): Code {
  const directory = join(PACKAGED, name);
  if (!existsSync(join(directory, 'index.mjs'))) {
    throw new Error(
      `the bundle of ${name} is not in this package: give codeOf, from bundleHandlers(directory), or use the packed package`,
    );
  }
  return Code.fromAsset(directory);
}

/** Of bundles in a directory, one folder each. */
export function codeIn(directory: string): (name: FunctionName) => Code {
  return (name) => Code.fromAsset(join(directory, name));
}
