/**
 * Whether the packed package works for somebody who installs it: packs into a temporary directory, puts the package and
 * the packages it depends on under `node_modules`, and runs the example as plain JavaScript on plain Node, a type check
 * of it against the package's types, and the `rollover` command. Too slow for the suite; `.ci/run` runs it.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const place = mkdtempSync(join(tmpdir(), 'ecs-rollover-packed-'));
const run = (command, args, cwd = place) => execFileSync(command, args, { cwd, encoding: 'utf8' });

try {
  const { name, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const packed = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', place], root));
  // npm 11 lists the packages, later ones name them.
  const { filename, files } = Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
  const paths = files.map(({ path }) => path);
  assert.deepEqual(
    paths.filter((path) => /\.ts$/.test(path) && !path.endsWith('.d.ts') && !path.startsWith('docs/')),
    [],
    'Node runs no TypeScript under node_modules',
  );

  const modules = join(place, 'node_modules');
  mkdirSync(join(modules, name), { recursive: true });
  run('tar', ['-xzf', filename, '-C', join(modules, name), '--strip-components=1']);
  const theirs = ['aws-cdk-lib', 'constructs', '@types/node', 'undici-types'];
  for (const wanted of [...Object.keys(dependencies), ...theirs]) {
    mkdirSync(dirname(join(modules, wanted)), { recursive: true });
    symlinkSync(join(root, 'node_modules', wanted), join(modules, wanted), 'dir');
  }

  const example = readFileSync(join(root, 'docs', 'examples', 'own-drain.ts'), 'utf8');
  writeFileSync(join(place, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(place, 'own-drain.js'), stripTypeScriptTypes(example));
  writeFileSync(
    join(place, 'run.js'),
    `import capture from '${name}/example-capture.json' with { type: 'json' };
import { tasksKilledByNaiveDrain } from './own-drain.js';
const { ecs } = capture;
ecs.services = ecs.services.filter(({ schedulingStrategy }) => schedulingStrategy !== 'DAEMON');
const kept = ecs.services.map(({ serviceName }) => \`service:\${serviceName}\`);
ecs.tasks = ecs.tasks.filter(({ group }) => kept.includes(group));
console.log(JSON.stringify(await tasksKilledByNaiveDrain(capture)));`,
  );
  const killed = JSON.parse(run(process.execPath, ['run.js']));
  assert.match(
    killed.join(),
    /was (DEACTIVATING|STOPPING)/,
    'the example finds on plain Node what it finds here',
  );

  mkdirSync(join(place, 'typed'));
  copyFileSync(join(root, 'docs', 'examples', 'own-drain.ts'), join(place, 'typed', 'own-drain.ts'));
  writeFileSync(
    join(place, 'typed', 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: { strict: true, noEmit: true, module: 'nodenext', target: 'es2024', types: ['node'] },
    }),
  );
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'typed']);

  const rehearsal = run(process.execPath, [join(modules, name, 'cli', 'rollover.mjs'), 'rehearse', '--json']);
  assert.equal(JSON.parse(rehearsal).outcome, 'SUCCEEDED', 'the installed command rehearses the example');

  writeFileSync(
    join(place, 'app.js'),
    `import { App, Stack } from 'aws-cdk-lib';
import { EcsRollover } from '${name}/cdk';
const app = new App({ outdir: 'cdk.out' });
new EcsRollover(new Stack(app, 'Theirs'), 'Rollover', { settings: { surge: '50%' } });
app.synth();`,
  );
  run(process.execPath, ['app.js']);
  const { Resources } = JSON.parse(readFileSync(join(place, 'cdk.out', 'Theirs.template.json'), 'utf8'));
  const functions = Object.values(Resources).filter(
    ({ Type, Properties }) => Type === 'AWS::Lambda::Function' && Properties.Runtime === 'nodejs24.x',
  );
  assert.ok(functions.length > 10, 'the installed construct deploys the handlers that came with it');
  console.log(
    `the packed package works: ${paths.length} files, ${readdirSync(modules).length} packages beside it`,
  );
} finally {
  rmSync(place, { recursive: true, force: true });
}
