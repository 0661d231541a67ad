import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { demand, loadConfiguration, SETTINGS } from '#platform/configuration';
import { packageRoot } from '#platform/package-root';
import { COMPOSE_SCHEMA } from '#test/support/compose/compose-schema';

// No container engine is at hand: the files are held against the schema, against each other and against the code.

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly required?: boolean }>>;
  readonly healthcheck: { readonly disable?: true };
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, object>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

const infra = join(packageRoot(), 'infra');
const read = (...path: string[]) => readFileSync(join(infra, ...path), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const applications = services.filter(([, { build }]) => build !== undefined);

/** The variables of an env file, as Compose reads it. */
const envFile = (name: string): Record<string, string> =>
  Object.fromEntries(
    read(name)
      .split('\n')
      .filter((line) => /^\w+=/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

/** `${NAME:?message}` and `$$`; the file uses no other forms. */
const interpolate = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$(?:\$|\{(\w+):\?[^}]*\})/g, (all, name?: string) => {
    if (name === undefined) return '$';
    const value = env[name];
    if (!value) throw new Error(`${all} is not set`);
    return value;
  });

const ENV_FILES = ['.env', 'cluster.env'];

describe('infra/docker-compose.yml', () => {
  it('says nothing that the Compose specification does not know', () => {
    const validate = new Ajv({ strict: false, allErrors: true }).compile(COMPOSE_SCHEMA);
    validate(compose);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('gives the applications settings that they know', () => {
    const known = new Set(Object.values(SETTINGS).flatMap(({ variable }) => [variable, `${variable}_FILE`]));
    for (const [name, { environment = {} }] of applications)
      expect({ name, unknown: Object.keys(environment).filter((variable) => !known.has(variable)) }).toEqual({
        name,
        unknown: [],
      });
  });

  it.each(ENV_FILES)('gives them, with %s, all that they need, in values that they take', (file) => {
    const folder = mkdtempSync(join(tmpdir(), 'perennial-secrets-'));
    try {
      const made = spawnSync(process.execPath, [join(infra, 'tools', 'compose-secrets.mjs'), folder]);
      expect(made.status).toBe(0);
      for (const [name, { environment = {} }] of applications) {
        const given = Object.entries(environment).map(([variable, value]) => [
          variable,
          interpolate(value, envFile(file)).replace('/run/secrets', folder),
        ]);
        const configuration = loadConfiguration(Object.fromEntries(given));
        demand(configuration, 'eventStoreUrl', 'kafkaBrokers', 'clickhouseUrl', 'databaseUrl', 'masterKey');
        expect({ name, keys: configuration.apiKeys.length }).toEqual({ name, keys: 1 });
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('makes every secret once, and changes none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'perennial-secrets-'));
    try {
      const make = () => spawnSync(process.execPath, [join(infra, 'tools', 'compose-secrets.mjs'), folder]);
      const contents = () =>
        Object.fromEntries(
          readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
        );
      make();
      const first = contents();
      make();
      expect(contents()).toEqual(first);
      const declared = Object.values(compose.secrets).map(({ file }) => file.replace('./secrets/', ''));
      expect(Object.keys(first).sort()).toEqual(declared.sort());
      expect(first['database-url']).toContain(`:${first['postgres-password']}@postgres:5432/`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('mounts every secret that a variable names, and declares all that it mounts', () => {
    for (const [name, { environment = {}, secrets = [], volumes = [] }] of services) {
      const named = Object.values(environment).flatMap(
        (value) => /^\/run\/secrets\/(.+)$/.exec(value)?.[1] ?? [],
      );
      expect({ name, missing: named.filter((secret) => !secrets.includes(secret)) }).toEqual({
        name,
        missing: [],
      });
      expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining([...secrets]));
      for (const volume of volumes) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
      // A password in the file would be in the repository.
      for (const [variable, value] of Object.entries(environment))
        if (/PASSWORD|MASTER_KEY|API_KEYS|DATABASE_URL/.test(variable))
          expect(value).toMatch(/^\/run\/secrets\//);
    }
  });

  it('runs commands that the build makes', () => {
    expect(applications.map(([name]) => name).sort()).toEqual([
      'analytics',
      'command-api',
      'migrate',
      'projector',
      'relay',
    ]);
    for (const [, { command = [], build }] of applications) {
      const [node, script] = command;
      expect(node).toBe('node');
      const source = script?.replace(/^dist\//, '').replace(/\.js$/, '.ts') ?? '';
      expect({ source, exists: existsSync(join(packageRoot(), source)) }).toEqual({ source, exists: true });
      expect(existsSync(join(infra, build!.context, build!.dockerfile))).toBe(true);
    }
  });

  it.each(ENV_FILES)(
    'starts, with %s, only after what is healthy or done, and waits for nobody who cannot be',
    (file) => {
      const profile = envFile(file).COMPOSE_PROFILES!;
      const starts = ({ profiles }: Service) => profiles === undefined || profiles.includes(profile);
      for (const [name, service] of services.filter(([, each]) => starts(each)))
        for (const [other, { condition, required = true }] of Object.entries(service.depends_on ?? {})) {
          const target = compose.services[other];
          expect({ name, other, known: target !== undefined }).toEqual({ name, other, known: true });
          if (!starts(target!)) expect({ name, other, required }).toEqual({ name, other, required: false });
          else if (condition === 'service_healthy') expect(target!.healthcheck.disable).toBeUndefined();
        }
      // The hosts of every URL are services that start.
      const urls = services
        .filter(([, each]) => starts(each))
        .flatMap(([, { environment = {} }]) => Object.values(environment))
        .flatMap((value) => [
          ...interpolate(value, envFile(file)).matchAll(/(?:\/\/|,|^)([a-z][a-z0-9-]*):\d+/g),
        ]);
      expect(urls.length).toBeGreaterThan(0);
      for (const [, host] of urls)
        expect({ host, starts: starts(compose.services[host!]!) }).toEqual({ host, starts: true });
    },
  );

  it('gives every address of this machine to one service of a profile', () => {
    for (const profile of ['single', 'cluster']) {
      const ports = services
        .filter(([, { profiles }]) => profiles === undefined || profiles.includes(profile))
        .flatMap(([, { ports: all = [] }]) => all.map((port) => port.split(':')[1]));
      expect(new Set(ports).size).toBe(ports.length);
    }
  });
});

describe('infra/Dockerfile', () => {
  const lines = read('Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const copied = last
    .flatMap((line) => /^COPY (?:--from=build )?(.+) \S+$/.exec(line)?.[1]?.split(' ') ?? [])
    .map((path) => path.replace(/^\/app\//, ''));

  it('has all files that the product opens beside its own code', () => {
    const opened = sources('libs')
      .concat(...applications.map(([, { command }]) => sources(join('apps', command![1]!.split('/')[2]!))))
      .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/join\(packageRoot\(\), ([^)]*?)\)/g)])
      .map(([, path]) => [...path!.matchAll(/'([^']+)'/g)].map(([, part]) => part).join('/'));
    expect(opened).toContain('infra/clickhouse');
    for (const path of opened)
      expect({ path, copied: copied.some((each) => `${path}/`.startsWith(`${each}/`)) }).toEqual({
        path,
        copied: true,
      });
    expect(copied).toEqual(expect.arrayContaining(['node_modules', 'dist', 'package.json']));
  });

  it('copies what is there, and what .dockerignore lets through', () => {
    const allowed = read('Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const fromHere = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
      .flatMap((line) => line.split(' ').slice(1, -1));
    for (const path of fromHere) {
      expect({ path, exists: existsSync(join(packageRoot(), path)) }).toEqual({ path, exists: true });
      expect({ path, allowed: allowed.some((each) => `${path}/`.startsWith(`${each}/`)) }).toEqual({
        path,
        allowed: true,
      });
    }
  });

  it('does not run as root', () => {
    expect(last.filter((line) => line.startsWith('USER '))).toEqual(['USER node']);
  });
});

const sources = (folder: string): string[] =>
  readdirSync(join(packageRoot(), folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(packageRoot(), folder, name))
    .filter((file) => /(?<!\.spec)\.ts$/.test(file) && statSync(file).isFile());
