import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { packageRoot } from '#platform/package-root';
import { documentedMetrics } from './operating-documents.js';

// Alerts, dashboard and how-to agree. That the how-to agrees with what the processes show is tested in operating.spec.ts.

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly expr: string }[];
}

const read = (...path: string[]) => readFileSync(join(packageRoot(), ...path), 'utf8');
const guide = read('docs', 'how-to', 'operate.md');
const documented = documentedMetrics(guide);
const { groups } = parse(read('infra', 'prometheus', 'alerts.yml')) as {
  groups: readonly { name: string; rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('infra', 'grafana', 'perennial.json')) as { panels: readonly Panel[] };
const panels = dashboard.panels.filter(({ type }) => type !== 'row');

/** Shown by prom-client and by Prometheus itself. */
const OTHERS = [
  'process_start_time_seconds',
  'process_resident_memory_bytes',
  'process_cpu_seconds_total',
  'nodejs_eventloop_lag_p99_seconds',
];

/** What is wrong with a query; empty when nothing is. */
const problemsOf = (query: string): string[] => {
  const problems: string[] = [];
  const names: string[] = [];
  const labels: string[] = [];
  parser.parse(query).iterate({
    enter: ({ type, name, from, to }) => {
      const text = query.slice(from, to);
      if (type.isError) problems.push(`does not parse at ${from}: ${query}`);
      if (name === 'Identifier') names.push(text);
      if (name === 'LabelName') labels.push(text);
    },
  });
  const metrics = names.map((name) =>
    name.replace(/_(bucket|count|sum)$/, (suffix) => (documented.has(name) ? suffix : '')),
  );
  for (const metric of metrics)
    if (!documented.has(metric) && !OTHERS.includes(metric)) problems.push(`unknown metric ${metric}`);
  const known = new Set([
    'job',
    'instance',
    'le',
    ...metrics.flatMap((metric) => documented.get(metric)?.labels ?? []),
  ]);
  for (const label of labels) if (!known.has(label)) problems.push(`unknown label ${label}: ${query}`);
  if (metrics.length === 0) problems.push(`asks for no metric: ${query}`);
  return problems;
};

describe('operating Perennial', () => {
  it('finds what is wrong with a query', () => {
    expect(problemsOf('sum(rate(perennial_commands_total[5m])) by (outcome)')).toEqual([]);
    expect(problemsOf('sum(rate(perennial_commands_total[5m])')).not.toEqual([]);
    expect(problemsOf('rate(perennial_commands[5m])')).toEqual(['unknown metric perennial_commands']);
    expect(problemsOf('sum by (customer) (perennial_ready)')).toHaveLength(1);
  });

  it.each(rules.map((rule) => [rule.alert, rule] as const))('has the alert %s in order', (alert, rule) => {
    expect(problemsOf(rule.expr)).toEqual([]);
    expect(rule.for).toMatch(/^\d+[mh]$/);
    expect(['warning', 'critical']).toContain(rule.labels.severity);
    expect(rule.annotations.summary.length).toBeGreaterThan(10);
    expect(rule.annotations.description.length).toBeGreaterThan(30);
    expect(rule.annotations.runbook_url).toBe(`docs/how-to/operate.md#${alert.toLowerCase()}`);
  });

  it.each([
    ['docs', 'scaling.md'],
    ['docs', 'how-to', 'operate.md'],
    ['docs', 'how-to', 'repair.md'],
  ])('names no metric that there is not in %s/%s', (...path) => {
    const named = [...read(...path).matchAll(/`(perennial_[a-z_]+)\b(?!\*)/g)].map(([, name]) => name!);
    const known = (name: string) =>
      [...documented.keys()].some(
        (metric) => name === metric || (name.endsWith('_') && metric.startsWith(name)),
      );
    expect(named.filter((name) => !known(name))).toEqual([]);
    expect(named.length).toBeGreaterThan(0);
  });

  it('says of every alert what to do, and of no other', () => {
    const alerts = guide.slice(guide.indexOf('\n## Alerts\n')).split(/^### /m).slice(1);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    expect(alerts.map((section) => section.split('\n', 1)[0])).toEqual(rules.map(({ alert }) => alert));
    for (const section of alerts) expect(section.trim().split('\n\n').length).toBeGreaterThanOrEqual(3);
  });

  it.each(panels.map((panel) => [panel.title, panel] as const))(
    'has the panel %s in order',
    (title, panel) => {
      expect(title.length).toBeGreaterThan(2);
      expect(panel.description?.length).toBeGreaterThan(10);
      expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
      expect(panel.targets?.length).toBeGreaterThan(0);
      expect(panel.targets?.flatMap(({ expr }) => problemsOf(expr))).toEqual([]);
    },
  );

  it('has a dashboard without overlaps that shows every metric but those that only name a state', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n');
    const missing = [...documented.keys()].filter((metric) => !shown.includes(metric));
    expect(missing).toEqual([
      'perennial_warehouse_position',
      'perennial_relay_position',
      'perennial_landing_next_offset',
    ]);
  });

  it('scrapes every application of the compose file, and loads the alerts', () => {
    const prometheus = parse(read('infra', 'prometheus', 'prometheus.yml')) as {
      rule_files: string[];
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const { services } = parse(read('infra', 'docker-compose.yml'), { merge: true }) as {
      services: Record<string, { build?: unknown; environment?: { PORT?: string } }>;
    };
    const applications = Object.entries(services).flatMap(([name, { build, environment }]) =>
      build && environment?.PORT ? [`${name}:${environment.PORT}`] : [],
    );
    const [scrape] = prometheus.scrape_configs;
    expect(prometheus.rule_files).toEqual(['alerts.yml']);
    expect(scrape!.job_name).toBe('perennial'); // alerts and dashboard ask for it
    expect(scrape!.static_configs.flatMap(({ targets }) => targets).sort()).toEqual(applications.sort());
  });

  it('lets Grafana find the dashboard and its Prometheus', () => {
    const provisioning = (kind: string, file: string) =>
      parse(read('infra', 'grafana', 'provisioning', kind, file)) as Record<
        string,
        Record<string, unknown>[]
      >;
    expect(provisioning('datasources', 'prometheus.yml').datasources![0]).toMatchObject({
      type: 'prometheus',
    });
    const { path } = provisioning('dashboards', 'perennial.yml').providers![0]!.options as { path: string };
    expect(guide).toContain(`infra/grafana:${path}:ro`);
  });
});
