/** The layout's rules, read from the source itself: who may import whom, how long a file may be, what may read the clock. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Of our own folders, what each may import; `functions` is its handlers, the files beside its folders. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'functions/core': ['functions/core'],
  'functions/aws': ['functions/aws', 'functions/core'],
  'functions/edge': ['functions/edge', 'functions/core'],
  functions: ['functions'],
  simulator: ['simulator'],
  infra: ['infra', 'functions/edge', 'functions/core', 'statemachine'],
  rehearsal: ['rehearsal', 'simulator', 'functions', 'statemachine'],
  // The package's build bundles the handlers as the stack does.
  cli: ['cli', 'rehearsal', 'simulator', 'functions', 'infra/bundles.ts'],
};

const files = Object.keys(MAY_IMPORT)
  .filter((folder) => !folder.includes('/') && existsSync(join(root, folder)))
  .flatMap((folder) => sourceFiles(join(root, folder)))
  .map((file) => ({ path: relative(root, file), text: readFileSync(file, 'utf8') }));

describe('the layout', () => {
  it.each(files.map(({ path, text }) => [path, text]))(
    'lets %s import only what its folder may',
    (path, text) => {
      const forbidden = ownImports(path, text).filter((target) => !mayImport(path, target));
      expect(forbidden).toEqual([]);
    },
  );

  it('keeps every file of the product under 400 lines', () => {
    const long = files.filter(({ text }) => text.split('\n').length > 401).map(({ path }) => path);
    expect(long).toEqual([]);
  });

  it('gives every handler of the flow a file of its own', () => {
    const handlers = readdirSync(join(root, 'functions')).filter((name) => name.endsWith('.ts'));
    expect(handlers.sort()).toEqual(
      'trigger plan drill prepare assess register drain terminate restore report redeploy sweep'
        .split(' ')
        .map((name) => `${name}.ts`)
        .sort(),
    );
  });

  it.each(['functions/core', 'simulator'])('reads neither the clock nor randomness in %s', (folder) => {
    const readers = files
      .filter(({ path }) => path.startsWith(folder) && path !== 'simulator/kernel/clock.ts')
      .filter(({ text }) =>
        /Date\.now\(|new Date\(\)|Math\.random\(|randomUUID\(/.test(withoutComments(text)),
      )
      .map(({ path }) => path);
    expect(readers).toEqual([]);
  });

  it('reaches AWS from the product through functions/aws alone', () => {
    const reaching = files
      .filter(({ path }) => path.startsWith('functions/') && !path.startsWith('functions/aws/'))
      .filter(({ text }) => /^import (?!type\b).*from '@aws-sdk\/client-/m.test(text))
      .map(({ path }) => path);
    expect(reaching).toEqual([]);
  });
});

function mayImport(from: string, target: string): boolean {
  const folder = Object.keys(MAY_IMPORT)
    .filter((name) => from.startsWith(`${name}/`))
    .sort((a, b) => b.length - a.length)[0];
  return (MAY_IMPORT[folder ?? ''] ?? []).some(
    (allowed) => target === allowed || target.startsWith(`${allowed}/`),
  );
}

function ownImports(from: string, text: string): string[] {
  const specifiers = [...withoutComments(text).matchAll(/(?:from|import\(?)\s*'(\.[^']+)'/g)].map(
    (match) => match[1] ?? '',
  );
  return specifiers.map((specifier) => relative(root, join(root, dirname(from), specifier)));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sourceFiles(path);
    return /\.(ts|mjs)$/.test(entry.name) ? [path] : [];
  });
}
