#!/usr/bin/env node
/** The `rollover` command: starts `cli/main.ts` on Node 24, whatever Node npm or npx came with. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOnNode24 } from './node24.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, 'main.ts');
// An installed package has no sources, only what `prepack` built.
const main = existsSync(source) ? source : join(here, '..', 'dist', 'cli', 'main.js');

runOnNode24(main, process.argv.slice(2));
