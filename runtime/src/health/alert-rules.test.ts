import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { missingPrometheus, prometheusFolder, skipLoudly } from '@drover/testing';
import { parse } from 'yaml';

const FOLDER = fileURLToPath(new URL('../../../deploy/prometheus/', import.meta.url));

interface Case {
  alertname: string;
  exp_alerts?: object[];
}

function read<T>(file: string): T {
  return parse(readFileSync(join(FOLDER, file), 'utf8')) as T;
}

function describeRules(promtool: string): void {
  const ask = async (...argv: string[]): Promise<string> =>
    (await promisify(execFile)(promtool, argv)).stdout;

  it('is what promtool takes', async () => {
    const said = await ask('check', 'config', join(FOLDER, 'prometheus.yml'));
    expect(said).toMatch(/prometheus\.yml is valid/);
    expect(said).toMatch(/SUCCESS: \d+ rules found/);
  });

  it('fires when it should, and not else', async () => {
    expect(await ask('test', 'rules', join(FOLDER, 'rules.test.yml'))).toMatch(/SUCCESS/);
  });
}

describe('the configuration of Prometheus', () => {
  const missing = missingPrometheus();
  if (missing === undefined) describeRules(join(prometheusFolder(), 'promtool'));
  else skipLoudly('what promtool says of it', missing);

  it('has a case for each alert in which it fires, and one in which it does not', () => {
    const { groups } = read<{ groups: { rules: { alert: string }[] }[] }>('rules.yml');
    const { tests } = read<{ tests: { alert_rule_test: Case[] }[] }>('rules.test.yml');
    const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert)).toSorted();
    const cases = tests.flatMap(({ alert_rule_test: cases }) => cases);
    const names = (fires: boolean): string[] =>
      cases
        .filter(({ exp_alerts = [] }) => exp_alerts.length > 0 === fires)
        .map(({ alertname }) => alertname);
    expect([...new Set(names(true))].toSorted()).toEqual(alerts);
    expect([...new Set(names(false))].toSorted()).toEqual(alerts);
  });
});
