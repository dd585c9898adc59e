#!/usr/bin/env node
/** The `rollover` command: starts `cli/main.ts` on Node 24, whatever Node npm or npx came with. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOnNode24 } from './node24.mjs';

runOnNode24(join(dirname(fileURLToPath(import.meta.url)), 'main.ts'), process.argv.slice(2));
