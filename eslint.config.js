import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/**
 * What each package may import of the others. Layers: contracts, config, embedded (0) ← telemetry, graph (1) ←
 * engine and the adapters (2) ← apps (3). The engine and the adapters do not know each other; apps introduce them.
 */
const basics = ['contracts', 'config'];
const lower = [...basics, 'telemetry', 'graph'];
const all = [
  ...lower,
  'embedded',
  'engine',
  'state',
  'queue',
  'store',
  'nodes',
  'models',
  'outbound',
  'sandbox',
  'files',
];
const mayImport = {
  'packages/contracts': [],
  'packages/config': [],
  'packages/embedded': [],
  'packages/telemetry': basics,
  'packages/graph': basics,
  'packages/engine': lower,
  'packages/state': lower,
  'packages/queue': lower,
  'packages/store': lower,
  'packages/nodes': lower,
  'packages/outbound': lower,
  'packages/sandbox': basics,
  'packages/files': lower,
  'packages/models': [...lower, 'outbound'],
  'packages/testing': ['contracts', 'graph', 'embedded'],
  'apps/*': all,
};
const testsOnly = ['testing', 'embedded'];

const onlyEnv = { object: 'process', property: 'env', message: 'Read the environment in an env.ts file.' };

function boundaries(folder, allowed, files, ignores = []) {
  const list = allowed.join('|');
  const patterns = [
    {
      regex: `^@millrace/(?!(${list})(/|$))`,
      message: `${folder} may import only: ${allowed.join(', ') || 'nothing'}.`,
    },
    { regex: '^@millrace/[^/]+/', message: 'Import a package by its name; its inside is its own.' },
    { regex: '^\\.\\./.*(packages|apps|dist)/', message: 'Import other packages by name.' },
  ];
  return { files, ignores, rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

const testFiles = ['**/*.test.ts', '**/*.itest.ts', '**/testing/**', '**/fixtures/**'];

export default tseslint.config(
  { ignores: ['**/node_modules/', '**/dist/', '**/generated/', 'coverage/', '.turbo/', '.millrace/', 'apps/console/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
    },
    rules: {
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-restricted-properties': ['error', onlyEnv],
      'max-lines': ['warn', { max: 400, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Text is measured in code points, as the workflow format does.
      '@typescript-eslint/no-misused-spread': 'off',
      // Ports are asynchronous; an implementation need not wait for anything.
      '@typescript-eslint/require-await': 'off',
    },
  },
  ...Object.entries(mayImport).map(([folder, allowed]) =>
    boundaries(folder, allowed, [`${folder}/**/*.ts`], testFiles),
  ),
  ...Object.entries(mayImport).map(([folder, allowed]) =>
    boundaries(
      folder,
      [...allowed, ...testsOnly],
      testFiles.map((pattern) => `${folder}/${pattern}`),
    ),
  ),
  // Whole-system programs stand beside the apps and look at them from outside.
  boundaries('apps/e2e and apps/bench', [...all, 'testing'], ['apps/{e2e,bench}/**/*.ts']),
  { files: ['**/env.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: testFiles,
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
