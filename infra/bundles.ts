/**
 * The handlers as Lambda gets them: one ES module each, with the AWS SDK inside, so that what was rehearsed is what runs
 * (the runtime's own SDK changes under us and lags behind).
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';
import { FUNCTION_NAMES, type FunctionName } from './grants.ts';

const HANDLERS = join(dirname(fileURLToPath(import.meta.url)), '..', 'functions');

/**
 * Where credentials come from outside of Lambda. A function's own come by its environment, which the SDK asks first; the
 * others are imported only when that has none, so they may stay outside of the bundle.
 */
const NEVER_ASKED = [
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-login',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-web-identity',
  '@smithy/credential-provider-imds',
];

export interface Bundle {
  readonly name: FunctionName;
  /** Folder that becomes the function's code: `index.mjs` and its source map. */
  readonly directory: string;
  /** Size of `index.mjs`. */
  readonly bytes: number;
  /** The npm packages in it, by name. */
  readonly packages: ReadonlySet<string>;
  /** The SDK's commands in it, which are all calls that the handler's code can make: `client-ecs/ListTasks`. */
  readonly commands: ReadonlySet<string>;
}

/** Bundles every handler into a folder of its own below `directory`, in one go: what they share is read once. */
export async function bundleHandlers(directory: string): Promise<readonly Bundle[]> {
  const { metafile } = await build({
    entryPoints: Object.fromEntries(
      FUNCTION_NAMES.map((name) => [join(name, 'index'), join(HANDLERS, `${name}.ts`)]),
    ),
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    mainFields: ['module', 'main'],
    external: NEVER_ASKED,
    plugins: [literalKeys],
    // Dependencies that still ship CommonJS call require(), which an ES module does not have.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    metafile: true,
    logLevel: 'error',
  });
  return FUNCTION_NAMES.map((name) => ({
    name,
    directory: join(directory, name),
    ...contentsOf(name, metafile),
  }));
}

function contentsOf(
  name: FunctionName,
  { outputs }: Metafile,
): Pick<Bundle, 'bytes' | 'packages' | 'commands'> {
  const output = Object.values(outputs).find(({ entryPoint }) =>
    entryPoint?.endsWith(`functions/${name}.ts`),
  );
  if (!output) throw new Error(`esbuild wrote nothing for ${name}`);
  const paths = Object.keys(output.inputs).filter((path) => (output.inputs[path]?.bytesInOutput ?? 0) > 0);
  const found = (pattern: RegExp) =>
    new Set(paths.map((path) => pattern.exec(path)?.slice(1).join('/') ?? '').filter((text) => text !== ''));
  return {
    bytes: output.bytes,
    packages: found(/.*node_modules\/((?:@[^/]+\/)?[^/]+)/),
    commands: found(/@aws-sdk\/(client-[\w-]+)\/.*\/commands\/(\w+)Command\.js$/),
  };
}

/**
 * The SDK's schemas write their keys as `{ [_xN]: … }`, `_xN` being a constant string. esbuild keeps whatever has computed
 * keys, and so every operation of a service with all its shapes: 550 KB of EC2 where 80 KB are used. With the constants
 * put in, the meaning is the same and the unused falls away.
 */
export const literalKeys: Plugin = {
  name: 'literal-keys',
  setup({ onLoad }) {
    onLoad(
      { filter: /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/]\w+\.js$/ },
      async ({ path }) => {
        const text = await readFile(path, 'utf8');
        const constants = new Map(
          [...text.matchAll(/^const (\w+) = ("[^"]*");$/gm)].map(([, name, value]) => [name, value]),
        );
        return {
          contents: text.replace(/\[(\w+)\](?=: )/g, (key, name: string) => constants.get(name) ?? key),
        };
      },
    );
  },
};
