/**
 * What of the Compose specification our file uses, and nothing else: a misspelt key, which Compose itself would
 * refuse or take no notice of, is found without it.
 */
const text = { type: 'string', minLength: 1 };
const texts = { type: 'array', items: text, minItems: 1 };
const duration = { type: 'string', pattern: '^\\d+(ms|s|m|h)$' };
const memory = { type: 'string', pattern: '^\\d+[KMG]$' };
const environment = {
  type: 'object',
  propertyNames: { pattern: '^[A-Z][A-Z0-9_]*$' },
  // Compose takes numbers and booleans too, and reads some texts as such: quoted, they are what stands there.
  additionalProperties: { type: 'string' },
};

const object = (required: readonly string[], properties: Readonly<Record<string, object>>) => ({
  type: 'object',
  required,
  properties,
  additionalProperties: false,
});

const mapOf = (values: object) => ({
  type: 'object',
  propertyNames: { pattern: '^[a-z][a-z0-9-]*$' },
  additionalProperties: values,
});

const healthcheck = {
  oneOf: [
    object(['disable'], { disable: { const: true } }),
    object(['test', 'interval', 'timeout', 'retries', 'start_period'], {
      test: { type: 'array', items: [{ enum: ['CMD', 'CMD-SHELL'] }], additionalItems: text, minItems: 2 },
      interval: duration,
      timeout: duration,
      retries: { type: 'integer', minimum: 1 },
      start_period: duration,
    }),
  ],
};

const dependency = object(['condition'], {
  condition: { enum: ['service_healthy', 'service_completed_successfully'] },
  required: { type: 'boolean' },
});

const service = object(['image', 'healthcheck', 'deploy', 'restart', 'security_opt', 'stop_grace_period'], {
  image: { type: 'string', pattern: '^[a-z0-9./-]+:[\\w.-]+$' },
  build: object(['context', 'dockerfile'], { context: text, dockerfile: text }),
  command: texts,
  environment,
  ports: { type: 'array', items: { type: 'string', pattern: '^127\\.0\\.0\\.1:\\d+:\\d+$' } },
  volumes: { type: 'array', items: { type: 'string', pattern: '^[a-z][a-z0-9-]*:/[\\w/.-]+$' } },
  secrets: texts,
  depends_on: mapOf(dependency),
  profiles: texts,
  healthcheck,
  deploy: object(['resources'], {
    resources: object(['limits'], {
      limits: object(['cpus', 'memory'], { cpus: { type: 'string', pattern: '^[\\d.]+$' }, memory }),
    }),
  }),
  restart: { enum: ['no', 'unless-stopped'] },
  init: { type: 'boolean' },
  read_only: { type: 'boolean' },
  tmpfs: texts,
  cap_drop: texts,
  security_opt: texts,
  stop_grace_period: duration,
  shm_size: memory,
  ulimits: mapOf(object(['soft', 'hard'], { soft: { type: 'integer' }, hard: { type: 'integer' } })),
});

export const COMPOSE_SCHEMA = {
  ...object(['name', 'services', 'volumes', 'secrets'], {
    name: text,
    services: mapOf(service),
    volumes: mapOf(object([], {})),
    secrets: mapOf(object(['file'], { file: text })),
  }),
  patternProperties: { '^x-': {} },
};
