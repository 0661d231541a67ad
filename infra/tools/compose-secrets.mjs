// Makes the secrets of infra/docker-compose.yml, each once, into infra/secrets (or the folder given).
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const infra = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = resolve(process.argv[2] ?? join(infra, 'secrets'));

// The folder keeps other users of this machine out; the files are read by the users of the containers.
mkdirSync(folder, { recursive: true, mode: 0o700 });

const keep = (name, text) => {
  const file = join(folder, name);
  if (existsSync(file)) return;
  writeFileSync(`${file}.draft`, text, { mode: 0o444, flush: true });
  renameSync(`${file}.draft`, file);
  console.log(`made ${file}`);
};

const password = () => randomBytes(24).toString('base64url');

keep('master-key', randomBytes(32).toString('base64'));
keep('api-keys', `operator:${password()}`);
keep('clickhouse-password', password());
keep('postgres-password', password());
const postgres = readFileSync(join(folder, 'postgres-password'), 'utf8');
keep('database-url', `postgres://perennial:${postgres}@postgres:5432/perennial`);
