import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { Meters } from './meters.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const read = (file: string): string => readFileSync(`${ROOT}${file}`, 'utf8');

interface Panel {
  id: number;
  title: string;
  type: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { uid: string };
  targets?: { expr: string; legendFormat: string }[];
}
interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}

const dashboard = JSON.parse(read('deploy/grafana/dashboards/drover.json')) as { panels: Panel[] };
const rules = (parse(read('deploy/prometheus/rules.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const charts = dashboard.panels.filter(({ type }) => type !== 'row');
const expressions: [string, string][] = [
  ...charts.flatMap(({ title, targets }) =>
    targets!.map(({ expr }): [string, string] => [`panel ${title}: ${expr}`, expr]),
  ),
  ...rules.map(({ alert, expr }): [string, string] => [`rule ${alert}`, expr]),
];

/** What `/metrics` prints, and what Prometheus adds of itself. */
const printed = new Set(['up']);
beforeAll(async () => {
  const text = await new Meters().text(
    { queueConnected: true, queueKind: 'redis', connectionsDown: 0 },
    new Date(),
  );
  for (const [, name] of text.matchAll(/^# TYPE (\S+)/gm)) printed.add(name!);
});

/** The metrics of an expression, and how often it is none. */
function partsOf(expression: string): { metrics: string[]; errors: number } {
  // A variable of Grafana stands where Prometheus has a length of time.
  const text = expression.replaceAll('$__rate_interval', '1m');
  const parts = { metrics: [] as string[], errors: 0 };
  parser.parse(text).iterate({
    enter({ type, node, from, to }) {
      if (type.isError) parts.errors += 1;
      if (type.name === 'Identifier' && node.parent?.type.name === 'VectorSelector') {
        parts.metrics.push(text.slice(from, to));
      }
    },
  });
  return parts;
}

it.each(expressions)('%s asks for what there is', (_, expression) => {
  const { metrics, errors } = partsOf(expression);
  expect(errors).toBe(0);
  expect(metrics).not.toEqual([]);
  expect([...printed]).toEqual(expect.arrayContaining(metrics));
});

it('tells a metric that there is not, and an expression that is none', () => {
  expect(partsOf('max(drover_no_such_thing)').metrics).toEqual(['drover_no_such_thing']);
  expect(partsOf('max(drover_workers').errors).toBeGreaterThan(0);
});

describe('the dashboard', () => {
  it('has panels that do not overlap, each with an id and the provisioned source', () => {
    const provisioned = parse(read('deploy/grafana/provisioning/datasources/prometheus.yml')) as {
      datasources: { uid: string }[];
    };
    const places = new Set<string>();
    for (const { gridPos } of dashboard.panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(places.has(`${x},${y}`)).toBe(false);
          places.add(`${x},${y}`);
        }
      }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const [source] = provisioned.datasources;
    for (const { datasource } of charts) expect(datasource!.uid).toBe(source!.uid);
  });
});

describe('the rules', () => {
  const operating = read('docs/operating.md');
  const headings = [...operating.matchAll(/^## (.+)$/gm)].map(([, text]) => text!.replaceAll('`', ''));

  it('are scraped for, and each leads to a question that the operating page answers', () => {
    const config = parse(read('deploy/prometheus/prometheus.yml')) as { rule_files: string[] };
    const found = globSync(config.rule_files, { cwd: `${ROOT}deploy/prometheus` });
    expect(found).toEqual(['rules.yml']);
    for (const { annotations } of rules) {
      const [, heading] = /^docs\/operating\.md, "(.+)"$/.exec(annotations.runbook)!;
      expect(headings).toContain(heading);
    }
  });
});
