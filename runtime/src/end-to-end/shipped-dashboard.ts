import { readRepositoryFile } from './compose-file.js';

/** A question of a panel to Prometheus. */
export interface PanelQuery {
  title: string;
  expression: string;
  /** What its legend shows of each series. */
  labels: string[];
}

interface Panel {
  title: string;
  targets?: { expr: string; legendFormat: string }[];
}

/** What the dashboard asks, with a length of time where Grafana puts one. */
export function dashboardQueries(): PanelQuery[] {
  const text = readRepositoryFile('deploy/grafana/dashboards/drover.json');
  const { panels } = JSON.parse(text) as { panels: Panel[] };
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      title,
      expression: expr.replaceAll('$__rate_interval', '1m'),
      labels: [...legendFormat.matchAll(/\{\{(.+?)\}\}/g)].map(([, label]) => label!),
    })),
  );
}
