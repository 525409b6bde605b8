import tseslint from 'typescript-eslint'
import prettier from 'eslint-config-prettier'

/** The files that wire the parts: no part imports them. */
const wiring = ['app', 'doors', 'storage', 'host', 'handover', 'parts', 'release', 'main']

/**
 * The arrows of ARCHITECTURE.md: `place`, a folder or a file, must not import the wiring, any of `folders` (but for the files
 * in `except`) or `packages`. Of two that hold for a file the later one counts.
 */
function boundary(place, { folders = [], except = [], packages = [] }) {
  return {
    files: [place.endsWith('.ts') ? place : `${place}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: packages.map((name) => ({ name, message: `${place} must not use ${name}` })),
          patterns: [
            {
              group: [
                ...wiring.map((file) => `../**/${file}`),
                ...folders.map((folder) => `**/${folder}/**`),
                ...except.map((file) => `!**/${file}`),
              ],
              message: `${place} must not import the wiring or ${folders.join(', ')}`,
            },
          ],
        },
      ],
    },
  }
}

const io = [
  'pg',
  'pg-copy-streams',
  'fastify',
  'pino',
  'node:fs',
  'node:fs/promises',
  'node:net',
  'node:http',
  'node:child_process',
]
const sql = ['pg', 'pg-copy-streams']

export default tseslint.config(
  {
    ignores: [
      'dist',
      '.tap',
      'node_modules',
      '.sidelight',
      'test/fixtures',
      'test/majors',
      'test/libraries',
      'test/deploy/models',
      'test/bench/peers',
      'deploy/demo/node_modules',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.base],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'off',
      'max-lines-per-function': 'off',
      'no-console': 'off',
    },
  },
  {
    // Generated, a declaration for every field of every answer.
    files: ['instrumentation/client/openapi.ts'],
    rules: { 'max-lines': 'off' },
  },
  boundary('collector/otlp', {
    folders: [
      'receiver',
      'translate',
      'ingest',
      'store',
      'health',
      'api',
      'pages',
      'telemetry',
      'instrumentation',
    ],
    packages: io,
  }),
  boundary('collector/translate', {
    folders: [
      'receiver',
      'ingest',
      'store',
      'health',
      'api',
      'pages',
      'telemetry',
      'instrumentation',
    ],
    packages: io,
  }),
  boundary('collector/receiver', {
    folders: ['translate', 'ingest', 'store', 'health', 'api', 'pages', 'instrumentation'],
    except: ['ingest/contract'],
    packages: sql,
  }),
  boundary('collector/ingest', {
    folders: ['receiver', 'store', 'health', 'api', 'pages', 'instrumentation'],
    except: ['store/group'],
    packages: [...sql, 'fastify'],
  }),
  boundary('collector/ingest/spool', {
    folders: [
      'receiver',
      'otlp',
      'translate',
      'store',
      'health',
      'api',
      'pages',
      'instrumentation',
    ],
    packages: [...sql, 'fastify'],
  }),
  // Used by parts that do not know each other.
  boundary('collector/{nearby,owner,process,slabs}.ts', {
    folders: [
      'receiver',
      'otlp',
      'translate',
      'ingest',
      'store',
      'health',
      'api',
      'pages',
      'telemetry',
      'config',
      'instrumentation',
    ],
    packages: [...sql, 'fastify', 'pino'],
  }),
  boundary('collector/store', {
    folders: ['receiver', 'otlp', 'ingest', 'health', 'api', 'pages', 'instrumentation'],
    packages: ['fastify'],
  }),
  boundary('collector/api', {
    folders: ['receiver', 'otlp', 'translate', 'ingest', 'store', 'instrumentation'],
    except: ['translate/distribution'],
    packages: sql,
  }),
  boundary('collector/health', {
    folders: [
      'receiver',
      'otlp',
      'translate',
      'ingest',
      'store',
      'api',
      'pages',
      'telemetry',
      'instrumentation',
    ],
    except: ['translate/distribution'],
    packages: io,
  }),
  boundary('collector/pages', {
    folders: ['receiver', 'otlp', 'translate', 'ingest', 'store', 'instrumentation'],
    except: ['translate/distribution'],
    packages: sql,
  }),
  boundary('collector/telemetry', {
    folders: [
      'receiver',
      'otlp',
      'translate',
      'ingest',
      'store',
      'health',
      'api',
      'pages',
      'instrumentation',
    ],
    except: ['otlp/writer'],
    packages: [...sql, 'fastify'],
  }),
  boundary('instrumentation', { folders: ['collector', 'schema', 'deploy', 'test'] }),
  // What applications import works without the bootstrap; how errors are described is the same in both, so that they count once.
  boundary('instrumentation/api', {
    folders: [
      'collector',
      'schema',
      'deploy',
      'test',
      'delivery',
      'errors',
      'full',
      'libraries',
      'loggers',
      'measures',
      'modules',
      'process',
      'signals',
      'wire',
    ],
    except: ['errors/describe'],
    packages: [
      '../bootstrap',
      '../lean',
      '../start',
      '@opentelemetry/core',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-logs',
      '@opentelemetry/sdk-metrics',
      '@opentelemetry/sdk-node',
      '@opentelemetry/sdk-trace',
      'fastify',
      'pg',
    ],
  }),
  prettier,
)
